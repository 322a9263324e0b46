"""Arithmetic: from outlines to volumes, from area curves to beats, from clips to a study. Numpy alone, no networks."""
