"""All commands: each module adds its own to the application as it is imported."""

# Help lists them in this order.
# isort: off
from sweep.cli import studies, showing, analysing, course, benchmark  # noqa: F401

# isort: on
from sweep.cli.door import app

__all__ = ["app"]
