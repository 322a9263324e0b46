"""Echo-Motion's networks."""
