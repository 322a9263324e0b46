"""Imported networks against their origin: TensorFlow computes the reference, in a process of its own."""
