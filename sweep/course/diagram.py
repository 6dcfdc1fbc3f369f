"""The network as a picture: weights and activations as labels, gradients as colour."""

from dataclasses import dataclass
from io import StringIO
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
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
    sizes = snapshot.definitions.network.layers
    layers = [_layer(size) for size in sizes]
    top = max(layer.heights[0] for layer in layers)
    width, height = _ACROSS * (len(sizes) - 1) + 3.0, 2 * top + 1.6
    scale = min(_INCHES, _TALLEST / height)
    look = Look(snapshot.study.title, note=_note(snapshot, sample))
    with theme():
        figure = new_figure(look, scale * width + 1.2, scale * height + 0.6)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-0.6, width - 0.6)
        axes.set_ylim(-top - 0.6, top + 1.0)
        _draw_weights(axes, snapshot, layers)
        _draw_neurons(axes, snapshot, layers, sample)
    return figure


def _note(snapshot: Snapshot, sample: int) -> str:
    """Which trial this is, at which rates and step, and whose values are shown."""
    told = [f"{name} = {plain(value)}" for name, value in snapshot.axes.items()]
    if not any(name.startswith("learning_rate") for name in snapshot.axes):
        text, layers = Text(snapshot.notation, 4), range(1, snapshot.definitions.last + 1)
        rates = {text.write(q): q for q in (Quantity("rate", layer) for layer in layers)}
        told += [f"{name} = {_digits(snapshot, q)}" for name, q in rates.items()]
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


def _draw_weights(axes: Axes, snapshot: Snapshot, layers: list[_Layer]) -> None:
    lines, gradients, labels = [], [], []
    for at, (before, after) in enumerate(pairwise(layers), start=1):
        for j, y in zip(after.neurons, after.heights, strict=True):
            for i, x in zip(before.neurons, before.heights, strict=True):
                lines.append([((at - 1) * _ACROSS, x), (at * _ACROSS, y)])
                weight = Quantity("weight", at, j, i)
                labels.append(weight)
                gradients.append(_number(snapshot, Quantity("by_weight", at, j, i)))
    values = np.array(gradients)
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    norm = SymLogNorm(largest * _SMALL, vmin=-largest, vmax=largest)
    drawn = LineCollection(lines, cmap=_COLORS, norm=norm, zorder=1)
    drawn.set_array(np.where(np.isfinite(values), values, 0.0))
    drawn.set_linewidth(2.6 if len(lines) <= LABELLED else max(0.4, 2.2 - len(lines) / 80))
    axes.add_collection(drawn)
    if len(lines) <= LABELLED:
        for line, weight in zip(lines, labels, strict=True):
            _label_weight(axes, snapshot, line, weight)
    _color_bar(axes, drawn, largest)


def _label_weight(
    axes: Axes, snapshot: Snapshot, line: list[tuple[float, float]], weight: Quantity
) -> None:
    """At the end of a line that rises and at the start of any other: there they do not meet."""
    (x0, y0), (x1, y1) = line
    share = (_RADIUS + 0.12) / np.hypot(x1 - x0, y1 - y0)
    rising = y1 > y0
    along = 1 - share if rising else share
    axes.text(
        x0 + along * (x1 - x0),
        y0 + along * (y1 - y0),
        _labelled(snapshot, weight),
        rotation=np.degrees(np.arctan2(y1 - y0, x1 - x0)),
        rotation_mode="anchor",
        transform_rotates_text=True,
        ha="right" if rising else "left",
        va="center",
        fontsize="x-small",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        zorder=2,
    )


def _draw_neurons(axes: Axes, snapshot: Snapshot, layers: list[_Layer], sample: int) -> None:
    last = len(layers) - 1
    crowded = max(len(layer.neurons) for layer in layers) > NEURONS // 2
    for at, layer in enumerate(layers):
        x = at * _ACROSS
        for neuron, y in zip(layer.neurons, layer.heights, strict=True):
            _draw_neuron(axes, snapshot, (x, y), output(at, neuron, sample), 5 if crowded else 8)
            if at and snapshot.definitions.network.bias and not crowded:
                bias = _labelled(snapshot, Quantity("bias", at, neuron))
                axes.text(x, y + 0.5, bias, ha="center", va="bottom", fontsize="x-small", zorder=4)
            if at == last:
                _label_output(axes, snapshot, x, y, neuron, sample)
        if layer.left_out:
            gap, text = layer.heights[NEURONS // 2 - 1] - _DOWN, f"{layer.left_out} more"
            axes.text(x, gap, text, ha="center", va="center", fontsize="x-small", zorder=4)


def _draw_neuron(
    axes: Axes, snapshot: Snapshot, place: tuple[float, float], own: Quantity, size: int
) -> None:
    """A circle with the name and the number of what leaves it."""
    axes.add_patch(Circle(place, _RADIUS, facecolor="white", edgecolor=MARK, linewidth=1, zorder=3))
    text = f"{_name(snapshot, own)}\n{_digits(snapshot, own, size // 2)}"
    axes.text(*place, text, ha="center", va="center", fontsize=size, zorder=4)


def _label_output(axes: Axes, snapshot: Snapshot, x: float, y: float, k: int, sample: int) -> None:
    """What the output should be, and its part of the loss."""
    target = Quantity("target", to=k, sample=sample)
    term = Quantity("term", snapshot.definitions.last, k, sample=sample)
    text = f"{_labelled(snapshot, target)}\n{_labelled(snapshot, term)}"
    axes.text(x + 0.6, y, text, ha="left", va="center", fontsize="x-small")


def _color_bar(axes: Axes, drawn: ScalarMappable, largest: float) -> None:
    figure = axes.figure
    bar = figure.colorbar(drawn, ax=axes, shrink=0.8, aspect=28, pad=0.02)
    bar.set_label(r"$\partial E_T / \partial W$", fontsize="small")
    ticks = [largest * share for share in (-1, -0.1, -0.01, 0, 0.01, 0.1, 1)]
    bar.set_ticks(
        ticks, labels=[f"{tick:.1g}".replace("-", "−") for tick in ticks], fontsize="x-small"
    )
    bar.minorticks_off()
    bar.outline.set_visible(False)


def _name(snapshot: Snapshot, quantity: Quantity) -> str:
    return f"${Latex(snapshot.notation, 4).write(quantity)}$"


def _labelled(snapshot: Snapshot, quantity: Quantity) -> str:
    return f"{_name(snapshot, quantity)} = {_digits(snapshot, quantity)}"


def _digits(snapshot: Snapshot, quantity: Quantity, digits: int = 4) -> str:
    return f"{_number(snapshot, quantity):.{digits}g}".replace("-", "−")


def _number(snapshot: Snapshot, quantity: Quantity) -> float:
    return float(np.squeeze(snapshot.numbers[quantity]))
