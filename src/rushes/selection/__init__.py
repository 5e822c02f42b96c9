"""Rules applied to clips; frozen sets of clips."""
