"""Selections written as files that a trainer reads."""
