"""How much faster than published."""
