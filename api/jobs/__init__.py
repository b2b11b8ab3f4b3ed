"""Work of the service: what a task is, who does it, and who waits for it."""
