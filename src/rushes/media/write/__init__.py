"""Clips as files: encoded, copied, or both, and verified."""
