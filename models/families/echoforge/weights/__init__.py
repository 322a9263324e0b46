"""Which tensor of EchoForge's Keras files goes where in its networks: a file for each architecture."""
