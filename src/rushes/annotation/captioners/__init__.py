"""Captions for clips: one file, one captioner."""
