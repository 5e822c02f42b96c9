"""Detectors: pure functions from signals to cuts, one file each."""
