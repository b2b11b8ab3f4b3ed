"""Garment textures swapped into regions of a person. Nothing is built here yet."""
