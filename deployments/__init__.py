"""Putting the service in place: the `perennial` command, the local stack, deployments, notifications, the demo."""
