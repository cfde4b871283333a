"""The walk: one harm at every boundary of a release in production, then recovery by itself, then the invariants."""
