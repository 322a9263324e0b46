"""What computes a network, and whether it agrees with the reference."""
