"""Weights: known models, where they come from, where they are kept."""
