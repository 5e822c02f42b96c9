"""Protocols of plug-ins, their registry, and the fingerprints of their results."""
