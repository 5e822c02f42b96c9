"""Export formats: one file, one layout with the rules of its trainers."""
