"""Clips that show the same footage: find them, group them, keep one of each group."""
