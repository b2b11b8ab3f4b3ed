"""Command line of the toolkit; the HTTP service is to come."""
