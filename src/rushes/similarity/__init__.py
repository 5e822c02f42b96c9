"""Vectors of clips: neighbours, clusters, search."""
