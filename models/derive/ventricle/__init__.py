"""The left ventricle: from outlines to volumes, per beat and over two planes."""
