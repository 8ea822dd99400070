"""Conversations, messages and opinions as rows. Knows no HTTP and no engine."""
