"""Clips as files: encoded, copied, or both; verified."""
