"""The terminal, part by part."""
