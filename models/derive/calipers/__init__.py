"""Lengths: from the points of a network to diameters over time and what is made of them."""
