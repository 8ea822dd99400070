"""Chats from elsewhere: ChatGPT's export, Open WebUI's, Echo's own. Knows no HTTP.

A file is taken apart in a process of its own (`apart`, `taking_apart`), since whoever made it may mean ill;
what comes out are chats whose messages form a sound tree (`tree`). Those are previewed, or kept (`keeping`):
each whole, and all of them at once.
"""
