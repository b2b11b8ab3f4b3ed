"""Photos of garments: cut out, measured, de-lit and fitted to what a person wears."""
