"""New cloth: colours, repeating tiles and prints, and how they are sampled at coordinates."""
