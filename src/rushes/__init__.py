"""Rushes: raw footage in, a dataset for video models out, people's preference fed back."""

__version__ = "0.1.0"
