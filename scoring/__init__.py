"""What serves: the entry script, the environment it runs in, and the gateway with slots and traffic."""

ENTRY_SCRIPTS = ("score.py", "data_collector.py")  # what is copied beside a model, wherever it is served
