"""Layouts that trainers read: one file, one format."""
