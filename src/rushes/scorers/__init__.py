"""Numbers per clip: one file, one scorer."""
