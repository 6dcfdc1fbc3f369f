"""A page that trains what one looks at: maps of two axes, dragged and zoomed."""

from sweep.explorer.exploring import explore

__all__ = ["explore"]
