"""Pure functions from signals to cuts: one file, one detector."""
