"""What pages send, checked once. Forms know neither tables nor services."""
