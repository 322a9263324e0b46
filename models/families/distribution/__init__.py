"""How far an image lies from those of a reference."""
