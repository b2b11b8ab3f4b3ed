"""Training and evaluation of the embedded networks; nothing here is needed at run time."""
