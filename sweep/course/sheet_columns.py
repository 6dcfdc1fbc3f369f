"""The columns of a worksheet: what each is, its formula, and what the formula comes to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from sweep.course.backpropagation import Numbers
from sweep.course.chain_rule import Definitions
from sweep.course.expression import (
    TWO,
    Expression,
    Node,
    Quantity,
    Value,
    about,
    compute,
    replace,
)
from sweep.course.languages import Text
from sweep.course.symbols import Notation

FORWARD = ("sum", "output", "term")
H = Quantity("difference")
LESS_H = Node("negative", (H,))
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
        loss = Quantity("loss")
        return [
            self._column(loss, "loss"),
            *(self._parameter(p) for p in self.definitions.all_parameters),
            *self._forward(),
            *self._backward(),
            *self._kept(),
            *self._checks(),
        ]

    @cached_property
    def text(self) -> Text:
        """How titles and formulas are written for people."""
        return Text(self.notation, 6)

    def _column(self, q: Quantity, part: str) -> Column:
        formula = self.definitions.of(q)
        return Column(q, self.text.write(q), self.text.write(formula), part, formula)

    def _parameter(self, p: Quantity) -> Column:
        formula = self.definitions.of(about(p, f"next_{p.kind}"))
        words = f"of the step before: {self.text.write(formula)}"
        return Column(p, self.text.write(p), words, "weights", formula, before=True)

    def _samples(self) -> range:
        return range(1, self.definitions.samples + 1)

    def _of_layer(self, kind: str, layer: int, part: str) -> Iterator[Column]:
        for sample in self._samples():
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
        part = "2.-3. the last layer" if last > 1 else "2.-3. the layer"
        if not (d.sums_alone(last) and d.network.loss.endswith("cross_entropy")):
            yield from self._of_layer("by_output", last, part)
        yield from self._of_layer("by_sum" if d.sums_alone(last) else "slope", last, part)
        yield from self._gradients(last, part)
        for layer in range(last - 1, 0, -1):
            to, before = d.network.shapes[layer]
            part = f"4.-8. hidden layer {layer}" if last > 2 else "4.-8. the hidden layer"
            for sample, i, j in product(self._samples(), range(1, before + 1), range(1, to + 1)):
                yield self._column(Quantity("path", layer + 1, j, i, sample), part)
            yield from self._of_layer("by_output", layer, part)
            yield from self._of_layer("slope", layer, part)
            yield from self._gradients(layer, part)

    def _gradients(self, layer: int, part: str) -> Iterator[Column]:
        for p in self.definitions.parameters(layer):
            yield self._column(about(p, f"by_{p.kind}"), part)

    def _kept(self) -> Iterator[Column]:
        if self.definitions.clipped:
            yield self._column(Quantity("clipping"), "the optimizer")
        for p in self.definitions.all_parameters:
            for q in self.definitions.kept(p):
                yield self._column(q, "the optimizer")

    def _checks(self) -> Iterator[Column]:
        """Two losses beside a weight, their difference quotient, and the gradient's distance."""
        part = "check by central differences"
        for p in self.definitions.all_parameters:
            name = self.text.write(p)
            above, below, quotient, gap = (
                about(p, f"{kind}_{p.kind}") for kind in ("above", "below", "quotient", "gap")
            )
            gradient = about(p, f"by_{p.kind}")
            for key, by, sign in ((above, H, "+"), (below, LESS_H, "−")):
                formula = self._loss_beside(p, by)
                words = f"E_T with {name} {sign} h in the place of {name}, from the inputs on"
                yield Column(key, f"E_T({name} {sign} h)", words, part, formula)
            difference = Node("sum", (above, Node("negative", (below,))))
            slope = Node("ratio", (difference, Node("product", (TWO, H))))
            words = f"(E_T({name} + h) − E_T({name} − h))/(2 · h)"
            yield Column(quotient, f"ΔE_T/Δ{name}", words, part, slope)
            distance = Node("abs", (Node("sum", (gradient, Node("negative", (quotient,)))),))
            words = f"|{self.text.write(gradient)} − ΔE_T/Δ{name}|"
            yield Column(gap, f"gap of {name}", words, part, distance, gap=True)

    def _loss_beside(self, parameter: Quantity, by: Expression) -> Expression:
        """The loss as a formula of inputs and parameters only, one of them moved."""

        def leaf(q: Quantity) -> Expression:
            if q == parameter:
                return Node("sum", (q, by))
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
    before = about(column.key, column.key.kind.removeprefix("next_"))
    kept = np.zeros(steps + 2)
    for row in range(steps + 1):

        def of_row(q: Quantity, row: int = row) -> Value:
            return kept[row] if q == before else np.broadcast_to(known(q), steps + 1)[row]

        kept[row + 1] = compute(column.formula, of_row)
    return kept[1:]
