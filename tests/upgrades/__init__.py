"""Databases of an earlier release, brought to this one's form."""
