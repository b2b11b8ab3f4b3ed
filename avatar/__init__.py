"""Cartoon avatars of layered regions, made from a parse result. Nothing is built here yet."""
