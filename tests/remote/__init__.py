"""Tests of the engine elsewhere."""
