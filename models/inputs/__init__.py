"""What a network sees of a clip."""
