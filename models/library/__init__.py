"""The library: what each model says of itself, and where it is found. Torch is not imported here."""
