"""The columns of a worksheet: what each is, its formula, and what the formula comes to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from sweep.course.backpropagation import Numbers
from sweep.course.chain_rule import Definitions
from sweep.course.expression import Expression, Quantity, Value, call, compute, replace
from sweep.course.languages import Text
from sweep.course.symbols import Notation

FORWARD = ("sum", "output", "term")
H = Quantity("difference")
STEP = 1e-5
"""h of the central differences, whose error, h^2 / 6 of the third derivative, is then about as
small as that of rounding, eps E / h."""


@dataclass(frozen=True)
class Column:
    """One column: a number a step.

    Attributes:
        key: what other formulas look it up by.
        title: its symbol.
        words: its formula, for people.
        part: the part of the derivation that it belongs to.
        formula: of quantities of the same row; of the row before, if `before`.
        before: whether it is what the step before leads to; the first row has `first` then.
        gap: whether it is the distance of a gradient from its check.
    """

    key: Quantity
    title: str
    words: str
    part: str
    formula: Expression
    before: bool = False
    gap: bool = False


@dataclass(frozen=True)
class Columns:
    """All columns of a network's worksheet but the step, in their order; E_T is the first."""

    definitions: Definitions
    notation: Notation

    @cached_property
    def all(self) -> list[Column]:
        """Every column."""
        d = self.definitions
        optimizer = [Quantity("clipping")] * d.clipped
        optimizer += [q for p in d.all_parameters for q in d.kept(p)]
        return [
            self._column(Quantity("loss"), "loss"),
            *map(self._parameter, d.all_parameters),
            *self._forward(),
            *self._backward(),
            *(self._column(q, "the optimizer") for q in optimizer),
            *(column for p in d.all_parameters for column in self._checks(p)),
        ]

    @cached_property
    def text(self) -> Text:
        """How titles and formulas are written for people."""
        return Text(self.notation, 6)

    def _column(self, q: Quantity, part: str) -> Column:
        formula = self.definitions.of(q)
        return Column(q, self.text.write(q), self.text.write(formula), part, formula)

    def _parameter(self, p: Quantity) -> Column:
        formula = self.definitions.of(p.about(f"next_{p.kind}"))
        words = f"of the step before: {self.text.write(formula)}"
        return Column(p, self.text.write(p), words, "weights", formula, before=True)

    def _of_layer(self, kind: str, layer: int, part: str) -> Iterator[Column]:
        for sample in range(1, self.definitions.samples + 1):
            for q in self.definitions.neurons(kind, layer, sample):
                yield self._column(q, part)

    def _forward(self) -> Iterator[Column]:
        part, last = "1. the way forward", self.definitions.last
        for layer in range(1, last + 1):
            yield from self._of_layer("sum", layer, part)
            yield from self._of_layer("output", layer, part)
        yield from self._of_layer("term", last, part)

    def _backward(self) -> Iterator[Column]:
        d, last = self.definitions, self.definitions.last
        for layer in range(last, 0, -1):
            if layer == last:
                part = f"2.-3. the {'last ' * (last > 1)}layer"
            else:
                part = f"4.-8. hidden layer {layer}" if last > 2 else "4.-8. the hidden layer"
                samples, from_, to = (
                    range(1, count + 1)
                    for count in (d.samples, d.network.layers[layer], d.network.layers[layer + 1])
                )
                for sample, i, j in product(samples, from_, to):
                    yield self._column(Quantity("path", layer + 1, j, i, sample), part)
            alone = d.sums_alone(layer)
            if not (alone and d.network.loss.endswith("cross_entropy")):
                yield from self._of_layer("by_output", layer, part)
            yield from self._of_layer("by_sum" if alone else "slope", layer, part)
            for p in d.parameters(layer):
                yield self._column(p.about(f"by_{p.kind}"), part)

    def _checks(self, p: Quantity) -> Iterator[Column]:
        """Two losses beside a weight, their difference quotient, and the gradient's distance."""
        part, name = "check by central differences", self.text.write(p)
        above, below, quotient, gap, gradient = (
            p.about(f"{kind}_{p.kind}") for kind in ("above", "below", "quotient", "gap", "by")
        )
        for key, moved, sign in ((above, p + H, "+"), (below, p - H, "−")):
            words = f"E_T with {name} {sign} h in the place of {name}, from the inputs on"
            title, formula = f"E_T({name} {sign} h)", self._loss_beside(p, moved)
            yield Column(key, title, words, part, formula)
        words = f"(E_T({name} + h) − E_T({name} − h))/(2 · h)"
        yield Column(quotient, f"ΔE_T/Δ{name}", words, part, (above - below) / (2 * H))
        words = f"|{self.text.write(gradient)} − ΔE_T/Δ{name}|"
        distance = call("abs", gradient - quotient)
        yield Column(gap, f"gap of {name}", words, part, distance, gap=True)

    def _loss_beside(self, parameter: Quantity, moved: Expression) -> Expression:
        """The loss as a formula of inputs and parameters only, one of them moved."""

        def leaf(q: Quantity) -> Expression:
            if q == parameter:
                return moved
            return replace(self.definitions.of(q), leaf) if q.kind in FORWARD else q

        return replace(self.definitions.of(Quantity("loss")), leaf)

    def values(self, numbers: Numbers, steps: int) -> dict[Quantity, np.ndarray]:
        """What each column comes to, (steps + 1,) float64, from the numbers of all rows.

        What `numbers` lacks is computed by the column's formula.
        """
        found: dict[Quantity, np.ndarray] = {}

        def known(q: Quantity) -> Value:
            return found[q] if q in found else numbers[q]

        with np.errstate(all="ignore"):
            for column in self.all:
                q = column.key
                if q.kind.startswith("next_"):
                    found[q] = _recurring(column, known, steps)
                elif q in numbers:
                    found[q] = numbers[q]
                else:
                    found[q] = compute(column.formula, known)
        return {q: np.broadcast_to(values, steps + 1) for q, values in found.items()}


def _recurring(column: Column, known: Callable[[Quantity], Value], steps: int) -> np.ndarray:
    """What an optimizer keeps, (steps + 1,): of each row from the row before, from 0."""
    before = column.key.about(column.key.kind.removeprefix("next_"))
    kept = np.zeros(steps + 2)
    for row in range(steps + 1):

        def of_row(q: Quantity, row: int = row) -> Value:
            return kept[row] if q == before else np.broadcast_to(known(q), steps + 1)[row]

        kept[row + 1] = compute(column.formula, of_row)
    return kept[1:]
