"""Tests, one for one with the modules."""
