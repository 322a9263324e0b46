"""The way in: who may send, what is accepted, and what becomes of each instance."""
