"""Our own fabrics, made by code, and the shelf of those that are shipped."""
