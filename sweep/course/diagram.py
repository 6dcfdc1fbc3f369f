"""The network as a picture: weights and activations as labels, gradients as colour."""

from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from sweep.analysis.naming import plain
from sweep.course.chain_rule import output
from sweep.course.expression import Quantity
from sweep.course.languages import Latex, Text
from sweep.course.snapshot import Snapshot
from sweep.views.style import MARK, Look, new_figure, theme

NEURONS = 12
"""The most neurons of a layer that are all drawn; of more, the first and last ones."""
LABELLED = 16
"""The most weights that are labelled."""

# Blue and vermilion, which colour-blind readers tell apart, and between them a grey that shows.
_COLORS = LinearSegmentedColormap.from_list("gradient", ["#0059a8", "#b9bcc2", "#c8460b"])
_SMALL = 1e-3  # of the largest gradient; what is smaller differs in colour evenly
_ACROSS, _DOWN, _RADIUS = 3.4, 1.35, 0.42  # between layers, between neurons, and of a neuron
_INCHES, _TALLEST = 0.75, 8.5  # of such a unit, and of the figure


@dataclass(frozen=True)
class _Layer:
    """The neurons drawn of a layer, counted from 1, and how high each stands."""

    neurons: list[int]
    heights: list[float]
    left_out: int


def draw_network(snapshot: Snapshot, sample: int = 1) -> Figure:
    """A picture of the network of a snapshot: values of one sample, gradients of all."""
    layers = [_layer(size) for size in snapshot.definitions.network.layers]
    top = max(layer.heights[0] for layer in layers)
    width, height = _ACROSS * (len(layers) - 1) + 3.0, 2 * top + 1.6
    scale = min(_INCHES, _TALLEST / height)
    look = Look(snapshot.study.title, note=_note(snapshot, sample))
    with theme():
        figure = new_figure(look, scale * width + 1.2, scale * height + 0.6)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-0.6, width - 0.6)
        axes.set_ylim(-top - 0.6, top + 1.0)
        drawing = _Drawing(axes, snapshot, sample, layers)
        drawing.weights()
        drawing.neurons()
    return figure


def _note(snapshot: Snapshot, sample: int) -> str:
    """Which trial this is, at which rates and step, and whose values are shown."""
    told = [f"{name} = {plain(value)}" for name, value in snapshot.axes.items()]
    if not any(name.startswith("learning_rate") for name in snapshot.axes):
        text, layers = Text(snapshot.notation, 4), range(1, snapshot.definitions.last + 1)
        rates = {text.write(q): q for q in (Quantity("rate", layer) for layer in layers)}
        told += [f"{name} = {_digits(snapshot.number(q))}" for name, q in rates.items()]
    told.append(f"step {snapshot.step}")
    if snapshot.definitions.samples > 1:
        told.append(f"values of sample {sample} and gradients of all {len(snapshot.samples)}")
    return ", ".join(told)


def svg(figure: Figure) -> str:
    """The figure as an <svg> element, its text as text."""
    target = StringIO()
    with theme():
        figure.savefig(target, format="svg", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


def _layer(size: int) -> _Layer:
    half = NEURONS // 2
    neurons = list(range(1, size + 1))
    if size > NEURONS:
        neurons = [*neurons[:half], *neurons[-half + 1 :]]
    places = len(neurons) + (size > NEURONS)
    heights = [_DOWN * ((places - 1) / 2 - place) for place in range(places)]
    if size > NEURONS:
        del heights[half]
    return _Layer(neurons, heights, size - len(neurons))


def _digits(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}".replace("-", "−")


@dataclass(frozen=True)
class _Drawing:
    """What is drawn into the axes: a line a weight, a circle a neuron."""

    axes: Axes
    snapshot: Snapshot
    sample: int
    layers: list[_Layer]

    def text(self, x: float, y: float, words: str, **more: Any) -> None:
        usual: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "x-small", "zorder": 4}
        self.axes.text(x, y, words, **usual | more)

    def name(self, q: Quantity) -> str:
        return f"${Latex(self.snapshot.notation, 4).write(q)}$"

    def labelled(self, q: Quantity) -> str:
        return f"{self.name(q)} = {_digits(self.snapshot.number(q))}"

    def weights(self) -> None:
        lines: dict[Quantity, tuple[tuple[float, float], tuple[float, float]]] = {}
        for at, (before, after) in enumerate(pairwise(self.layers), start=1):
            for j, y in zip(after.neurons, after.heights, strict=True):
                for i, x in zip(before.neurons, before.heights, strict=True):
                    ends = ((at - 1) * _ACROSS, x), (at * _ACROSS, y)
                    lines[Quantity("weight", at, j, i)] = ends
        values = np.array([self.snapshot.number(weight.about("by_weight")) for weight in lines])
        largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
        norm = SymLogNorm(largest * _SMALL, vmin=-largest, vmax=largest)
        drawn = LineCollection([*lines.values()], cmap=_COLORS, norm=norm, zorder=1)
        drawn.set_array(np.where(np.isfinite(values), values, 0.0))
        drawn.set_linewidth(2.6 if len(lines) <= LABELLED else max(0.4, 2.2 - len(lines) / 80))
        self.axes.add_collection(drawn)
        if len(lines) <= LABELLED:
            for weight, (start, end) in lines.items():
                self.label_weight(weight, *start, *end)
        bar = self.axes.figure.colorbar(drawn, ax=self.axes, shrink=0.8, aspect=28, pad=0.02)
        bar.set_label(r"$\partial E_T / \partial W$", fontsize="small")
        ticks = [largest * share for share in (-1, -0.1, -0.01, 0, 0.01, 0.1, 1)]
        bar.set_ticks(ticks, labels=[_digits(tick, 1) for tick in ticks], fontsize="x-small")
        bar.minorticks_off()
        bar.outline.set_visible(False)

    def label_weight(self, weight: Quantity, x0: float, y0: float, x1: float, y1: float) -> None:
        """At the end of a line that rises and at the start of any other: there they do not meet."""
        share = (_RADIUS + 0.12) / np.hypot(x1 - x0, y1 - y0)
        along = 1 - share if y1 > y0 else share
        self.text(
            x0 + along * (x1 - x0),
            y0 + along * (y1 - y0),
            self.labelled(weight),
            rotation=np.degrees(np.arctan2(y1 - y0, x1 - x0)),
            rotation_mode="anchor",
            transform_rotates_text=True,
            ha="right" if y1 > y0 else "left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            zorder=2,
        )

    def neurons(self) -> None:
        """Circles with what leaves them; at the last also what should, and its part of the loss."""
        definitions, sample = self.snapshot.definitions, self.sample
        crowded = max(len(layer.neurons) for layer in self.layers) > NEURONS // 2
        size, digits = (5, 2) if crowded else (8, 4)
        for at, layer in enumerate(self.layers):
            x = at * _ACROSS
            for k, y in zip(layer.neurons, layer.heights, strict=True):
                circle = Circle((x, y), _RADIUS, facecolor="white", edgecolor=MARK, linewidth=1)
                circle.set_zorder(3)
                self.axes.add_patch(circle)
                own = output(at, k, sample)
                value = _digits(self.snapshot.number(own), digits)
                self.text(x, y, f"{self.name(own)}\n{value}", fontsize=size)
                if at and definitions.network.bias and not crowded:
                    self.text(x, y + 0.5, self.labelled(Quantity("bias", at, k)), va="bottom")
                if at == definitions.last:
                    target = Quantity("target", to=k, sample=sample)
                    term = Quantity("term", at, k, sample=sample)
                    words = f"{self.labelled(target)}\n{self.labelled(term)}"
                    self.text(x + 0.6, y, words, ha="left", zorder=3)
            if layer.left_out:
                gap = layer.heights[NEURONS // 2 - 1] - _DOWN
                self.text(x, gap, f"{layer.left_out} more")
