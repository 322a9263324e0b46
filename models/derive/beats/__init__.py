"""Beats: when they begin and end, from R waves, areas over time, scores of a network, or times alone."""
