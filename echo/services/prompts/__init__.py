"""What people keep to have models told: instructions, texts to use again. Knows no engine, no tokens."""
