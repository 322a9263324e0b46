"""How real the phantom's pictures are, against theory and against the numbers of real clips."""
