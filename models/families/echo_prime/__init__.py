"""EchoPrime's networks."""
