"""What people keep to have models told: instructions, memories, prompts. Knows no engine, no tokens."""
