"""The six studies of the boundary of trainability beside JAX: `python -m benchmarks.trainability`.

Each of them at points spread over its map, all of the paper's 500 or 1,000 losses: ours by
`sweep.evaluate`, with the sums by which the figure colours and every other measure; and JAX, which
returns the losses alone, in two forms, as one writes it (`vmap` over points, `value_and_grad`) and
with the networks beside each other in one matrix, its gradient by hand, so that a layer of all is
one product. A short search finds JAX's best form and batch, in one call that has XLA's own threads
or in a Python thread for each processor. Then rounds of one turn of each; prints the ratio of
seconds, JAX's over ours, within the round, and how many outcomes are the same.
"""

import argparse
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.table import Table

import sweep
from benchmarks.boundary import FOLDER
from benchmarks.options import confine, console, save, spread
from sweep.instrument.rounds import interleaved
from sweep.study import Study
from tests.oracles.in_jax_boundary import converged, hidden

STUDIES = {  # the activation, and whether the first axis is a drift
    "boundary_identity": ("identity", False),
    "boundary_single": ("tanh", False),
    "boundary_relu": ("relu", False),
    "boundary_tanh": ("tanh", False),
    "boundary_minibatch": ("tanh", False),
    "boundary_offset": ("tanh", True),
}
BATCHES = (32, 128, 512, 2048)
TRIED_STEPS = 25  # of a search's run


class Experiment(NamedTuple):
    """One of the six.

    Attributes:
        first, second: (16, 16) and (16,) weights.
        rates: (points, 2) of the two layers.
        drifts: (points,) what is added to the first layer's weights before every step.
        order: (steps, 16) the samples of each step, or (steps, 0) for all.
    """

    kind: str
    first: np.ndarray
    second: np.ndarray
    x: np.ndarray
    y: np.ndarray
    rates: np.ndarray
    drifts: np.ndarray
    order: np.ndarray

    def at(self, part: slice, steps: int | None = None) -> "Experiment":
        """Some of its points, and of its steps."""
        return self._replace(
            rates=self.rates[part], drifts=self.drifts[part], order=self.order[:steps]
        )


def points_of(study: Study, count: int) -> dict[str, np.ndarray]:
    """Those of a coarser map of about so many points, by axis."""
    side = max(1, round(count**0.5))
    places = [np.linspace(0, len(axis) - 1, side).astype(int) for axis in study.axes]
    values = [axis.ranked[0][at] for axis, at in zip(study.axes, places, strict=True)]
    across, up = np.meshgrid(*values, indexing="ij")
    return {study.axes[0].name: across.ravel(), study.axes[1].name: up.ravel()}


def experiment(name: str, study: Study, points: dict[str, np.ndarray]) -> Experiment:
    """The same, as JAX takes it."""
    kind, drifting = STUDIES[name]
    group = study.groups()[0]
    weights = np.load(FOLDER / "initial.npy")
    across, up = points.values()
    small = name == "boundary_minibatch"
    order = np.load(FOLDER / "batches.npy") if small else np.zeros((group.steps, 0), np.int16)
    return Experiment(
        kind,
        weights[:256].reshape(16, 16).T,
        weights[256:],
        group.data.inputs,
        group.data.targets[:, 0],
        np.stack([up if drifting else across, up], axis=1),
        across if drifting else np.zeros(len(across)),
        order[: group.steps],
    )


def as_written(kind: str) -> Callable[..., Any]:
    """One network, for `vmap`."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    act = hidden(kind)

    def loss(layers: Any, x: Any, y: Any) -> Any:
        return jnp.mean((act(x @ layers[0]) @ layers[1] / 16 - y) ** 2)

    def train(first: Any, second: Any, x: Any, y: Any, rates: Any, drift: Any, order: Any) -> Any:
        def step(layers: Any, chosen: Any) -> Any:
            layers = (layers[0] + drift, layers[1])
            found, slopes = jax.value_and_grad(loss)(layers, x, y)
            if order.shape[1]:
                slopes = jax.grad(loss)(layers, x[chosen], y[chosen])
            now = tuple(w - eta * g for w, eta, g in zip(layers, rates, slopes, strict=True))
            return now, found

        last, found = jax.lax.scan(step, (first, second), order)
        return jnp.append(found, loss((last[0] + drift, last[1]), x, y))

    return jax.jit(jax.vmap(train, in_axes=(None, None, None, None, 0, 0, None)))


def in_one_matrix(kind: str) -> Callable[..., Any]:
    """All networks: the first layer's weights are (16, points x 16)."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    act = hidden(kind)

    def train(first: Any, second: Any, x: Any, y: Any, rates: Any, drift: Any, order: Any) -> Any:
        count = len(rates)

        def forward(w: Any, v: Any, x: Any, y: Any) -> Any:
            h, back = jax.vjp(act, x @ w)
            h = h.reshape(len(x), count, 16)
            return h, back, jnp.einsum("nbj,bj->nb", h, v) / 16 - y[:, None]

        def step(layers: Any, chosen: Any) -> Any:
            w, v = layers[0] + jnp.repeat(drift, 16), layers[1]
            h, back, error = forward(w, v, x, y)
            found = jnp.mean(error * error, axis=0)
            at = x
            if order.shape[1]:
                at = x[chosen]
                h, back, error = forward(w, v, at, y[chosen])
            delta = error * (2 / len(at) / 16)
            (dz,) = back((delta[:, :, None] * v).reshape(len(at), count * 16))
            v = v - rates[:, 1:] * jnp.einsum("nb,nbj->bj", delta, h)
            return (w - jnp.repeat(rates[:, 0], 16) * (at.T @ dz), v), found

        start = (jnp.tile(first, (1, count)), jnp.tile(second, (count, 1)))
        (w, v), found = jax.lax.scan(step, start, order)
        _, _, error = forward(w + jnp.repeat(drift, 16), v, x, y)
        return jnp.concatenate([found, jnp.mean(error * error, axis=0)[None]]).T

    return jax.jit(train)


FORMS = {"vmap": as_written, "one matrix": in_one_matrix}


def by_jax(train: Callable[..., Any], it: Experiment, batch: int, threads: int) -> np.ndarray:
    """The losses (points, steps + 1), a batch at a time, in so many Python threads."""
    fixed = (it.first, it.second, it.x, it.y)
    starts = range(0, len(it.rates), batch)

    def part(at: int) -> np.ndarray:
        own = np.arange(at, at + batch) % len(it.rates)  # of one size, which is compiled once
        return np.asarray(train(*fixed, it.rates[own], it.drifts[own], it.order))

    if threads == 1:
        parts = [part(at) for at in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(part, starts))
    return np.concatenate(parts)[: len(it.rates)]


def best_jax(it: Experiment, threads: int) -> tuple[str, Callable[[Experiment], np.ndarray]]:
    """The fastest of all forms, batches and threads, on a few steps; and what to call it."""
    tried = {}
    short = it.at(slice(None), TRIED_STEPS)
    for form, make in FORMS.items():
        train = make(it.kind)
        for batch, pool in itertools.product(BATCHES, (1, threads)):
            if batch * pool <= len(it.rates):
                tried[f"{form}, {batch} at a time, {pool} threads"] = partial(
                    by_jax, train, batch=batch, threads=pool
                )
    for turn in tried.values():
        turn(short)  # compiles
    found = interleaved({name: partial(turn, short) for name, turn in tried.items()}, 3)
    best = str(found.groupby("turn")["seconds"].median().idxmin())
    return best, tried[best]


def raced(name: str, options: argparse.Namespace) -> tuple[pd.DataFrame, str, float]:
    """The turns of a study, JAX's best, and the share of outcomes that are the same."""
    study = sweep.load_study(name)
    samples = len(study.groups()[0].data.inputs)
    points = points_of(study, options.points if samples > 16 else 16 * options.points)
    it = experiment(name, study, points)
    label, by_jax_best = best_jax(it, options.threads)
    ours = partial(sweep.evaluate, study, points, threads=options.threads)
    theirs = partial(by_jax_best, it)
    same = np.mean((ours()["outcome"] == "converged") == converged(theirs()))
    turns = interleaved({"ours": ours, "jax": theirs}, options.rounds)
    return turns, label, float(same)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, save the turns."""
    import jax  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("studies", nargs="*", default=list(STUDIES), metavar="STUDY")
    parser.add_argument("--points", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=Path("results/benchmarks"))
    options = parser.parse_args(arguments)
    confine(options.threads)
    jax.config.update("jax_enable_x64", True)  # else float64 is silently float32
    table = Table("study", "JAX's best", "ratio", "interval", "of CPU", "same outcomes")
    for name in options.studies:
        turns, label, same = raced(name, options)
        wide = turns.pivot_table(index="round", columns="turn", values=["seconds", "cpu_seconds"])
        ratio, cpu = (wide[kind, "jax"] / wide[kind, "ours"] for kind in ("seconds", "cpu_seconds"))
        table.add_row(name, label, *spread(ratio), spread(cpu)[0], f"{same:.1%}")
        save(turns.assign(study=name, jax=label), options.results, f"trainability-{name}")
    console.print(table)


if __name__ == "__main__":
    main()
