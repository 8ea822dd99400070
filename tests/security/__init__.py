"""Who may do what, what every answer carries, and what bad input meets: over every route and event."""
