"""Figures from Python, as `sweep plot` draws them."""

from typing import Any

from matplotlib.figure import Figure

from sweep.errors import RequestError
from sweep.store.results import Results
from sweep.views.kinds import choose, draw
from sweep.views.options import Options
from sweep.views.subject import Subject


def plot(results: Results, kind: str | None = None, **options: Any) -> Figure:
    """Draw a figure of a study's results, apart from pyplot, as `sweep plot` does.

    `kind` is one of `sweep.views.kinds.KINDS`, by default the first that suits the study; options
    are those of `sweep.views.options.Options`: x, y, hue, col, measure, log, rank, trial, size and
    title.

    Raises:
        RequestError: there is no such kind, axis or measure, or the study cannot show it.
        StoreError: a file is damaged or cannot be read.
        TypeError: there is no such option.
    """
    subject, asked = Subject.of(results), Options(**options)
    if kind is not None:
        return draw(kind, subject, asked)
    choices = choose(subject, asked)
    if not choices:
        raise RequestError(f"{subject.title}: one trial without curves leaves nothing to draw")
    return draw(choices[0].kind, subject, choices[0].options)
