"""Clips in a Hydrus client: pushed there, decided there, and pulled back."""
