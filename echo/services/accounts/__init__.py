"""Accounts as such: their names, addresses, password hashes, pictures and one-time links.

Knows nobody's session: signing in stands on this room, and the acts of people and administrators on both.
"""
