"""PanEcho's network."""
