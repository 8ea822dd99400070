"""Random schedules of faults against the real server, watched by windows that run the page's own code."""
