"""Soft edges of a garment: coverage, and the garment's own colour at its border."""
