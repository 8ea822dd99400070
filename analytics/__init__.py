"""Figures from rows: an island of pandas and matplotlib. Knows no database, web page or user."""
