"""Sums over many people's rows, for charts, cards and the ranking. Knows no figure."""
