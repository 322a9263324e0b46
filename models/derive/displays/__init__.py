"""Spectral Doppler and M-mode displays: velocities, integrals, excursions."""
