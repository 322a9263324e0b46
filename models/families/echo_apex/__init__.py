"""EchoApex' networks."""
