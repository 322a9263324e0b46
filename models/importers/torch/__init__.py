"""Files of torch."""
