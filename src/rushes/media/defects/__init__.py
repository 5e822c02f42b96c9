"""Detection of bars, interlacing and repeated frames."""
