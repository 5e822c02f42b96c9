"""Clips that show the same footage: found, grouped, one of each group kept."""
