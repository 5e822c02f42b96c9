"""Videos found on disk, and the one decode of each."""
