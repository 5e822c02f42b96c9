"""Measurements taken during the one decode: one file, one probe."""
