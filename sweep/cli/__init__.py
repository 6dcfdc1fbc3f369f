"""The door: the command line. Only here is anything printed.

All but the command line itself is imported inside the commands, so that help answers at once.
"""

# Modules add their commands as they are imported, and help lists them in that order.
# isort: off
from sweep.cli import studies, showing, analysing, course, benchmark  # noqa: F401

# isort: on
from sweep.cli.door import app, main

__all__ = ["app", "main"]
