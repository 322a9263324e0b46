"""Small networks of our own, trained on the phantom."""
