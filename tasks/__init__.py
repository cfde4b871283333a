"""The steps that flows are made of: Prefect tasks, thin over the platform and the monitoring code."""
