"""The HTTP surface, over the same use cases as the sockets."""
