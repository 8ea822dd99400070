"""Measurements of Echo against its aims; `python -m benchmarks` runs all. Nothing imports this."""
