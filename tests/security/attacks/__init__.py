"""Attacks that were tried on a running Echo, each kept as a test: what held is held, what fell is mended."""
