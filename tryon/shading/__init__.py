"""The light on a cloth, told apart from the inks that it is printed with."""
