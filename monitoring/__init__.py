"""Windows in, findings out: metrics, comparison, drift, quality and performance. Pure: no I/O, no clock, no Prefect."""
