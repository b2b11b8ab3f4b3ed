"""What a garment looks like on somebody: its region, its panels, and coordinates on its cloth."""
