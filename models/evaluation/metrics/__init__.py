"""The figures of the papers, each from its definition: overlap, numbers, classes, phases, neighbours."""
