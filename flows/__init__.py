"""What runs: one Prefect flow a file, named as its deployment."""
