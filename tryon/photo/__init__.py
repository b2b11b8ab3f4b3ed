"""Photos as they are stored: every sample, profile and note read, kept and written again."""
