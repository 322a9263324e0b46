"""Building blocks of torch that several families share, and how stored weights enter a network."""
