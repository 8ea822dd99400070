"""Tests of what puts Echo on other machines."""
