"""The local platform: a directory, subprocesses, MLflow on SQLite and a gateway on loopback."""
