"""How every figure looks and what its labels say: one theme, one palette, one table of words.

Colours are chosen to stay apart for colour-blind readers, in grey print and on a projector: ordered
values run through viridis without its pale end, outcomes are three hues of three lightnesses.
"""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

RGB = tuple[float, float, float]

OUTCOME_COLORS = {"converged": "#0072b2", "stalled": "#f2e6b1", "diverged": "#c8460b"}
QUIET = "#c9ccd1"  # what is there for comparison only
ALONE: RGB = (0.13, 0.42, 0.56)  # a curve that needs telling from no other
MARK = "#555555"  # reference values

BESIDE: dict[str, Any] = {
    "loc": "upper left",
    "bbox_to_anchor": (1.01, 1.0),
    "borderaxespad": 0,
    "handlelength": 1.4,
}
"""Where a legend stands: to the right of the axes, so that it never covers data."""

STYLE: dict[Any, Any] = {
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "mathtext.fontset": "dejavusans",
    "grid.color": "#e6e8eb",
    "axes.edgecolor": "#8a8f98",
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
    "svg.hashsalt": "sweep",  # the same figure, the same bytes
}
"""What differs from seaborn's white grid."""

WORDS = {  # a column: what it is called, its symbol
    "learning_rate": ("learning rate", "η"),
    "bias_learning_rate": ("learning rate of the biases", "η"),
    "initial.scale": ("scale of the initial weights", ""),
    "initial.offset": ("offset of the initial weights", ""),
    "network.multiplier": ("multiplier", ""),
    "momentum": ("momentum", "μ"),
    "alpha": ("alpha", "α"),
    "beta1": ("beta 1", "β₁"),
    "beta2": ("beta 2", "β₂"),
    "epsilon": ("epsilon", "ε"),
    "weight_decay": ("weight decay", ""),
    "clip_norm": ("largest norm of the gradient", ""),
    "batch.size": ("batch size", ""),
    "batch_seed": ("seed of the batches", ""),
    "schedule.warmup": ("steps of warm-up", ""),
    "loss": ("loss", "$E_T$"),
    "validation_loss": ("loss on validation data", ""),
    "validation_accuracy": ("accuracy on validation data", ""),
    "initial_loss": ("loss before the first step", "$E_T$"),
    "final_loss": ("final loss", "$E_T$"),
    "best_loss": ("lowest loss", "$E_T$"),
    "best_step": ("step of the lowest loss", ""),
    "max_loss": ("highest loss", "$E_T$"),
    "tail_loss": ("mean of the last 20 losses", "$E_T$"),
    "steps_to_target": ("steps to reach the target", ""),
    "diverged_at": ("step of divergence", ""),
}


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def theme() -> Iterator[None]:
    """Draw in this project's style, whatever the caller's settings are, and leave those alone."""
    with mpl.rc_context():
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
    for digits in (4, 8, 17):
        labels = [
            f"{v:.{digits}g}" if isinstance(v, float | np.floating) else plain(str(v))
            for v in values
        ]
        if len(set(labels)) == len(labels):
            break
    return labels


def power_label(exponent: float) -> str:
    """Return a power of ten as text, not as a formula: 10⁻³ for -3."""
    return "10" + f"{exponent:.0f}".translate(SUPERSCRIPTS)


def assignment(name: str, value: str) -> str:
    """Return the heading of the panel of one value, given as text: "η = 0.1"."""
    sign = WORDS[name][1] if name in WORDS else ""
    return f"{sign or label(name)} = {value}"


def new_figure(title: str, width: float = 7.0, height: float = 4.5) -> Figure:
    """Return an empty figure, apart from pyplot, of this size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        lines = textwrap.wrap(" ".join(title.split()), int(width * 11), max_lines=3)
        figure.suptitle("\n".join(plain(line) for line in lines))
    return figure


def colors(values: Sequence[object], *, ordered: bool) -> list[RGB]:
    """Return one colour a value: a ramp where the values have an order, distinct hues where not."""
    if ordered:
        ramp = mpl.colormaps["viridis"](np.linspace(0.0, 0.86, max(len(values), 2)))
        return [(r, g, b) for r, g, b, _ in ramp[: len(values)]]
    return [(r, g, b) for r, g, b in sns.color_palette("colorblind", len(values))]
