"""Bars, interlacing and repeated frames, found in the picture."""
