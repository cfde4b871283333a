"""The checks of a window: each a step of `monitor`, from what was observed to findings."""
