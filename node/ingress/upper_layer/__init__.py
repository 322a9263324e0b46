"""The acceptor's upper layer (PS3.8): from the socket to messages and data sets, one thread an association, without a queue."""
