"""Tests of what measures and simulates."""
