"""A study: which clips its quantities come from, and why one has no value."""
