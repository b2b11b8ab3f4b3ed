"""Measures of the try-on against drawn truth."""
