"""Probes: measurements during the single decode of a video, one file each."""
