"""Structured reports held against the template rows of PS3.16; the rows stand in `tables`, as people read them."""
