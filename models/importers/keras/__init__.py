"""Files of Keras, read without it."""
