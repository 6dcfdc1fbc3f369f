"""How every figure looks and what its labels say: one theme, one palette, one table of words.

Colours are chosen to stay apart for colour-blind readers, in grey print and on a projector: ordered
values run through viridis without its pale end, outcomes are three hues of three lightnesses.
"""

import io
import textwrap
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from sweep.catalogue import MEASURES, NUMBERS
from sweep.study.checks import MAX_DIRECTIONS

RGB = tuple[float, float, float]

SCREEN_DPI = 96  # of figures in notebooks

OUTCOME_COLORS = {"converged": "#0072b2", "stalled": "#f2e6b1", "diverged": "#c8460b"}
QUIET = "#c9ccd1"  # what is there for comparison only
ALONE: RGB = (0.13, 0.42, 0.56)  # a curve that needs telling from no other
MARK = "#555555"  # reference values, and what is said beneath a title
INK = "#8a8f98"  # frames

LEGEND: dict[str, Any] = {"borderaxespad": 0.2, "handlelength": 1.4, "alignment": "left"}
"""How a legend is set, wherever it stands."""

STYLE: dict[Any, Any] = {
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "mathtext.fontset": "dejavusans",
    "grid.color": "#e6e8eb",
    "axes.edgecolor": INK,
    "axes.titlesize": "medium",
    "figure.titlesize": "medium",
    "figure.titleweight": "bold",
    "legend.frameon": False,
    "legend.title_fontsize": "small",
    "legend.fontsize": "small",
    "xtick.bottom": True,
    "ytick.left": True,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "xtick.minor.size": 2,
    "ytick.minor.size": 2,
    "svg.fonttype": "none",  # text stays text
    "pdf.fonttype": 42,
    "svg.hashsalt": "sweep",  # the same figure, the same bytes
}
"""What differs from seaborn's white grid."""

WORDS = {  # a column: what it is called, its symbol
    "learning_rate": ("learning rate", "η"),
    "bias_learning_rate": ("learning rate of the biases", "η"),
    "initial.scale": ("scale of the initial weights", ""),
    "initial.offset": ("offset of the initial weights", ""),
    "initial.along": ("along the direction", ""),
    **{f"initial.along.{at}": (f"along direction {at + 1}", "") for at in range(MAX_DIRECTIONS)},
    "network.multiplier": ("multiplier", ""),
    "training.drift": ("drift of the weights a step", ""),
    "training.optimizer": ("optimizer", ""),
    "training.steps": ("steps of training", ""),
    "network.activation": ("activation", ""),
    "network.depth": ("hidden layers", ""),
    "network.width": ("width", ""),
    "network.loss": ("loss function", ""),
    "initial.scheme": ("initial weights", ""),
    "schedule.name": ("schedule", ""),
    "batch.size": ("batch size", ""),
    "batch_seed": ("seed of the batches", ""),
    "batch_loss": ("loss of the step's batch", ""),
    "schedule.warmup": ("steps of warm-up", ""),
    "loss": ("loss", "$E_T$"),
    **{row.name: (row.words, row.symbol) for row in NUMBERS.values()},
    **{row.name: (row.words, row.symbol) for row in MEASURES.values()},
}


TITLE, NOTE = 11.4, 9.0
"""Sizes of the title and of what is said beneath it, in points."""

LONGEST = 28  # letters of a value's name; what is longer loses its middle

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Look:
    """What any figure may be told.

    Attributes:
        title: one line or a few, shown as it is.
        note: said beneath the title, before what the figure says of itself.
        size: width and height in inches; by default what suits the kind.
        log: whether the measure is on a logarithmic scale; by default whether it spans decades.
        xlim, ylim: the ends of the axes across and up; by default where the data end.
    """

    title: str = ""
    note: str = ""
    size: tuple[float, float] | None = None
    log: bool | None = None
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None


PLAIN = Look()


_DRAWING = threading.RLock()


@contextmanager
def theme() -> Iterator[None]:
    """Draw in this project's style, whatever the caller's settings are, and leave those alone.

    Matplotlib has one set of settings, and Python one of warnings: threads draw by turns. A letter
    that the font lacks is a box in a PNG, and itself in an SVG, without a warning.
    """
    with _DRAWING, mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(sns.axes_style("whitegrid"))
        mpl.rcParams.update(sns.plotting_context("notebook", font_scale=0.95))
        mpl.rcParams.update(STYLE)
        yield


def plain(text: str) -> str:
    """Return `text` such that matplotlib shows it as it is: a dollar sign starts no formula."""
    return "".join(c if c.isprintable() else " " for c in text).replace("$", r"\$")


def label(name: str, *, symbol: bool = True) -> str:
    """Say what an axis or a legend calls a column, with its symbol: "learning rate η"."""
    field, _, layer = name.rpartition(".") if name not in WORDS else (name, "", "")
    if field not in WORDS:
        return plain(name)
    words, sign = WORDS[field]
    of_layer = f" of layer {int(layer) + 1}" if layer else ""  # the first is 0 in a study
    return f"{words}{of_layer} {sign}".rstrip() if symbol else words + of_layer


def value_labels(values: Sequence[object]) -> list[str]:
    """Return values as ticks and legends show them: in the fewest digits that tell them apart."""
    labels: list[str] = []
    for digits, letters in ((4, LONGEST), (8, 2 * LONGEST), (17, 10**6)):
        labels = [
            f"{v:.{digits}g}" if isinstance(v, float | np.floating) else _short(str(v), letters)
            for v in values
        ]
        if len(set(labels)) == len(labels):
            break
    return labels


def _short(text: str, letters: int) -> str:
    half = (letters - 1) // 2
    return plain(text if len(text) <= letters else f"{text[:half]}…{text[-half:]}")


def power_label(exponent: float) -> str:
    """Return a power of ten as text, not as a formula: 10⁻³ for -3."""
    return "10" + f"{exponent:.0f}".translate(SUPERSCRIPTS)


def assignment(name: str, value: str) -> str:
    """Return the heading of the panel of one value, given as text: "η = 0.1"."""
    sign = WORDS[name][1] if name in WORDS else ""
    return f"{sign or label(name)} = {value}"


class Drawing(Figure):
    """A figure apart from pyplot that a notebook shows all the same, without `%matplotlib`."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with theme():
            self.savefig(buffer, format="png", dpi=SCREEN_DPI, metadata={"Software": None})
        return buffer.getvalue()


def new_figure(look: Look, width: float, height: float, *notes: str) -> Figure:
    """Return an empty figure, apart from pyplot, with its title and `notes` at the top left.

    It has `width` by `height` inches if `look` asks for no other size.
    """
    width, height = look.size or (width, height)
    figure = Drawing(figsize=(width, height))
    left, top = 0.08 / width, 0.08
    title = _wrapped(look.title, width, TITLE)
    if title:
        figure.suptitle(title, x=left, y=1 - top / height, ha="left", va="top", fontsize=TITLE)
        top += _inches(title, TITLE)
    note = _wrapped("; ".join(note for note in (look.note, *notes) if note), width, NOTE)
    if note:
        figure.text(left, 1 - top / height, note, va="top", fontsize=NOTE, color=MARK)
        top += _inches(note, NOTE)
    engine = ConstrainedLayoutEngine(rect=(0, 0, 0.99, max(1 - top / height, 0.3)))
    figure.set_layout_engine(engine)
    return figure


def _wrapped(text: str, width: float, points: float) -> str:
    """Break a text into at most three lines of `width` inches, and escape it."""
    lines = textwrap.wrap(" ".join(text.split()), max(int(width * 115 / points), 8), max_lines=3)
    return "\n".join(plain(line) for line in lines)


def _inches(text: str, points: float) -> float:
    """Return how high the lines of a text are."""
    return (text.count("\n") + 1) * 1.35 * points / 72 + 0.03


def outcome_patches(present: Iterable[str], *, missing: bool = False) -> list[Patch]:
    """Return legend entries of the outcomes that are present, always in the one order."""
    shown = {name: color for name, color in OUTCOME_COLORS.items() if name in {*present}}
    shown |= {"not trained": "white"} if missing else {}
    return [Patch(facecolor=c, edgecolor=INK, linewidth=0.5, label=n) for n, c in shown.items()]


def colors(values: Sequence[object], *, ordered: bool) -> list[RGB]:
    """Return one colour a value: a ramp where the values have an order, distinct hues where not."""
    if ordered:
        ramp = mpl.colormaps["viridis"](np.linspace(0.0, 0.86, max(len(values), 2)))
        return [(r, g, b) for r, g, b, _ in ramp[: len(values)]]
    return [(r, g, b) for r, g, b in sns.color_palette("colorblind", len(values))]
