"""The nouns and rules of a model's life: pure, importing nothing of the rest, reading no clock and no file."""
