"""What the documents claim, measured: `make bench`, or `python -m benchmarks NAME ...` for some of it."""
