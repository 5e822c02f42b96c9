"""Numbers for clips: one file, one scorer."""
