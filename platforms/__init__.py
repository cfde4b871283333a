"""Where things run: the ports (protocols), their adapters, and the one function that chooses among them."""
