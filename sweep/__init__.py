"""Train a million small neural networks in seconds, and see what the learning rate does to them."""

__version__ = "0.1.0"
