"""Train, tune, export and judge the embedded model; nothing in the application imports this."""
