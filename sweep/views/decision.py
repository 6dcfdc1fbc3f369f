"""What networks of two inputs have learnt: their output over the plane of the inputs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure

from sweep.analysis.networks import group_of, parameters_of
from sweep.analysis.trained_network import TrainedNetwork, trained_network
from sweep.errors import RequestError
from sweep.views.panels import thinned, wrapped_heading
from sweep.views.scales import Array
from sweep.views.source import Options, Source
from sweep.views.style import PLAIN, Look, new_figure, theme, value_labels

POINTS = 160  # places along each input at which a network is asked

MOST_OUTPUTS = 4
MOST_SAMPLES = 2000  # samples drawn; of more, as many evenly spread


@dataclass(frozen=True, eq=False)
class Learnt:
    """A trained network, and what it was to learn.

    Attributes:
        heading: what the trial is called.
        trained: of two inputs.
        inputs: (samples, 2).
        targets: (samples, outputs).
        names: what the two inputs are called.
        outputs: what the outputs are called, or the classes; none if not known.
    """

    heading: str
    trained: TrainedNetwork
    inputs: Array
    targets: Array
    names: Sequence[str] = ("$x_1$", "$x_2$")
    outputs: Sequence[str] = ()

    @property
    def classes(self) -> bool:
        """Whether outputs are classes, the targets being 1 for one of several and 0 for others."""
        whole = np.isin(self.targets, (0, 1)).all() and (self.targets.sum(axis=1) == 1).all()
        return bool(self.targets.shape[1] > 1 and whole)


def decision(learnt: Sequence[Learnt], *, look: Look = PLAIN) -> Figure:
    """Draw what each network puts out for every pair of inputs, with its samples on top.

    A column a trial. Where targets name one class of several, the colour is the class of the
    highest output; else there is a row an output (the first `MOST_OUTPUTS`), its colour centred
    between the lowest and the highest target, with a line there.

    Raises:
        RequestError: the networks have not two inputs.
    """
    _refuse_other({one.inputs.shape[1] for one in learnt})
    classes = learnt[0].classes
    rows = 1 if classes else min(learnt[0].targets.shape[1], MOST_OUTPUTS)
    columns = len(learnt)
    with theme():
        figure = new_figure(look, 2.6 * columns + 1.1, 2.5 * rows + 1.0, _note(learnt, rows))
        grid = figure.subplots(rows, columns, squeeze=False)
        for column, one in enumerate(learnt):
            low, high = one.inputs.min(axis=0), one.inputs.max(axis=0)
            margin = np.where(high > low, 0.15 * (high - low), 0.5)
            x, y = np.linspace(low - margin, high + margin, POINTS).T
            plane = one.trained(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
            plane = plane.reshape(POINTS, POINTS, -1)
            for row in range(rows):
                axes = grid[row, column]
                colours = _Palette.of(one.targets, None if classes else row)
                colours.draw(axes, colours.of_outputs(plane), x, y)
                colours.scatter(axes, one)
                axes.grid(visible=False)
                axes.set(xlabel=one.names[0], ylabel=one.names[1])
                axes.label_outer()
                if row == 0:
                    axes.set_title(wrapped_heading(axes, one.heading), fontsize="small")
        for row in range(rows):
            palette = _Palette.of(learnt[0].targets, None if classes else row)
            known, number = learnt[0].outputs, f"output {row + 1}" if rows > 1 else "output"
            name = "class" if classes else known[row] if known else number
            palette.bar(figure, list(grid[row]), name, known)
        sns.despine(figure, left=True, bottom=True)
    return figure


def _refuse_other(inputs: Collection[int]) -> None:
    if {*inputs} != {2}:
        have = ", ".join(map(str, sorted(inputs)))
        raise RequestError(f"decision shows networks of 2 inputs; this study's have {have}")


@dataclass(frozen=True, eq=False)
class _Palette:
    """How outputs become colours: of the output `row`, or by class if that is None."""

    row: int | None
    colormap: Colormap
    norm: Normalize
    middle: float

    @classmethod
    def of(cls, targets: Array, row: int | None) -> "_Palette":
        if row is None:
            n = targets.shape[1]
            shades = sns.color_palette("colorblind", n)
            return cls(row, ListedColormap(shades), BoundaryNorm(np.arange(n + 1) - 0.5, n), 0.0)
        low, high = float(targets[:, row].min()), float(targets[:, row].max())
        if high - low < 1e-12:  # one target: what is below it and what is above
            low, high = low - 0.5, high + 0.5
        palette = sns.color_palette("vlag", as_cmap=True).with_extremes(bad="#dddddd")
        return cls(row, palette, Normalize(low, high), (low + high) / 2)

    def of_outputs(self, outputs: Array) -> Array:
        """Return the numbers that stand for (..., outputs); NaN where an output is not finite."""
        if self.row is not None:
            found = outputs[..., self.row]
            return np.where(np.isfinite(found), found, np.nan)
        found = np.nan_to_num(outputs, nan=-np.inf).argmax(axis=-1).astype(np.float64)
        return np.where(np.isfinite(outputs).all(axis=-1), found, np.nan)

    def draw(self, axes: Axes, values: Array, x: Array, y: Array) -> None:
        """Draw the plane, and the line in the middle between the lowest and the highest target."""
        if np.isnan(values).all():
            axes.set_facecolor("#dddddd")
            axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
            axes.text(0.5, 0.5, "no finite output", transform=axes.transAxes, ha="center",
                      fontsize="small")  # fmt: skip
            return
        axes.imshow(
            np.ma.masked_invalid(values), origin="lower", aspect="auto", interpolation="nearest",
            extent=(float(x[0]), float(x[-1]), float(y[0]), float(y[-1])),
            cmap=self.colormap, norm=self.norm, alpha=0.55 if self.row is None else 1.0,
        )  # fmt: skip
        if self.row is not None and np.nanmin(values) < self.middle < np.nanmax(values):
            axes.contour(x, y, values, levels=[self.middle], colors="#333333", linewidths=1)

    def scatter(self, axes: Axes, one: Learnt) -> None:
        """Draw the samples in the colours of their targets."""
        at = thinned(range(len(one.inputs)), MOST_SAMPLES)
        size = float(np.clip(2500 / len(at), 4, 40))
        x, y = one.inputs[at].T
        axes.scatter(
            x, y, c=self.of_outputs(one.targets[at]), s=size, cmap=self.colormap,
            norm=self.norm, edgecolors="#222222", linewidths=0.5 if size > 6 else 0.25,
        )  # fmt: skip

    def bar(self, figure: Figure, axes: list[Axes], name: str, known: Sequence[str]) -> None:
        """Explain the colours."""
        shown = ScalarMappable(self.norm, self.colormap)
        bar = figure.colorbar(shown, ax=axes, label=name, pad=0.02, aspect=16)
        if self.row is None:
            bar.set_ticks(list(range(self.colormap.N)), labels=known or None)


def _note(learnt: Sequence[Learnt], rows: int) -> str:
    samples = {len(one.inputs) for one in learnt}
    outputs = learnt[0].targets.shape[1]
    some = f"; {rows} of {outputs} outputs" if rows > 1 and rows < outputs else ""
    dots = "samples as dots, in the colours of their targets"
    if max(samples) == 1:
        dots = "sample as a dot, in the colour of its target"
    return f"{max(samples):,} {dots}{some}"


def draw_decision(source: Source, options: Options) -> Figure:
    """What the asked trials have learnt, or the best, the median and a lost one."""
    _refuse_other({group.network.layers[0] for group in source.groups})
    headings = source.picked(options)
    table = source.parameters(list(headings))
    learnt = [_learnt(source, table[table["trial"] == n], headings[n]) for n in headings]
    return decision(learnt, look=options.look(source))


def _learnt(source: Source, rows: pd.DataFrame, heading: str) -> Learnt:
    """Return the network of a trial at the last kept step that has finite parameters."""
    rows = rows.sort_values("step", ascending=False)
    group = group_of(source.groups, rows.iloc[0])
    at = int(np.isfinite(parameters_of(group.network, rows)).all(axis=1).argmax())
    trained, data = trained_network(group, rows.iloc[at : at + 1]), group.data
    if at:
        heading += f" (step {trained.step:,})"
    names, outputs = (
        known if len(known) == size else usual
        for known, size, usual in (
            (value_labels(source.plot.inputs), 2, Learnt.names),
            (value_labels(source.plot.outputs), data.targets.shape[1], Learnt.outputs),
        )
    )
    return Learnt(heading, trained, data.inputs, data.targets, names, outputs)
