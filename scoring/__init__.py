"""What serves: the entry script, the environment it runs in, and the gateway with slots and traffic."""
