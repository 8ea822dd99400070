"""What people keep to have models told: instructions for all chats. Knows no engine, no tokens."""
