"""Accounts and what belongs to a person: made, changed, exported, deleted. Knows no HTTP."""
