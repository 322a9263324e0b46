"""EchoForge's networks."""
