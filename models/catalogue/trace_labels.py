"""What is marked in spectra and M-modes by networks of our own: flow and its waves, layers of tissue."""

WAVES = ("e", "a", "s")  # early and atrial filling, systole
SPECTRA = ("flow", *WAVES)
LAYERS = ("septum", "cavity", "posterior_wall", "root", "la", "before_ring")
