"""The door: the command line. Only here is anything printed."""

from sweep.cli.commands import app, main

__all__ = ["app", "main"]
