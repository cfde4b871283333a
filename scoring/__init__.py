"""What serves: the entry script, the environment it runs in, and the gateway with slots and traffic."""

ENTRY_SCRIPTS = ("score.py", "data_collector.py")  # what is copied beside a model, wherever it is served
BATCH_SCRIPTS = ("batch_score.py", "batch_files.py", "score.py")  # the same for files, the one that is called first
BATCH_DRIVER = "batch_run.py"  # what calls it where the platform has nothing of its own for that
