"""Rows for clips: scorers, captioners and taggers, run by one engine."""
