"""What watches the one decode: one file, one probe."""
