"""Traces of a heart over time: spectral and tissue Doppler and M-modes, and the flow that colour shows in a plane."""
