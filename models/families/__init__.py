"""The networks that can run weights, one folder for each origin."""
