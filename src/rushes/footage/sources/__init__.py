"""Sources of footage: one file, one kind of place."""
