"""The derivation of backpropagation in the course's sets, with the numbers of one trial and step.

For the course's network these are its eight: (1) the way forward; (2) dE_T/dW5 by the chain rule;
(3) dE_T/dW5 ... dE_T/dW8; (4) dE_T/dW1 ... dE_T/dW4 by the chain rule through A_H; (5) and (6) what
each A_H does to each output's error; (7) what it does to the total; (8) dE_T/dW1 ... dE_T/dW4.
Other networks have the same sets for each of their layers, from the last to the first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from sweep.course.chain_rule import Definitions, output
from sweep.course.document import Block, Document, Equation, Line, Section, Table
from sweep.course.expression import (
    WRITTEN_OUT,
    Expression,
    Number,
    Quantity,
    Series,
    call,
    excerpt,
    parts_of,
    plus,
    replace,
    times,
)
from sweep.course.snapshot import Snapshot
from sweep.errors import RequestError

SHOWN, SHOWN_OF_MANY = 16, 4
"""The most equations of one kind that are all written out, in a small network and in a larger one.

Of more, `FEW` are.
"""
FEW = 2
ROWS, ABREAST = 12, 6
"""How many rows of a long table are shown, and how many numbers of a row."""
DIGITS = {"float64": 9, "float32": 6}
"""Significant digits of numbers: fewer than rounding on the way could change."""

Body = Iterator[Block]


def explain(snapshot: Snapshot, sample: int = 1) -> Document:
    """The derivation at a snapshot; of several samples, `sample` (from 1) is the one written out.

    Raises:
        RequestError: the step sees no such sample.
    """
    if not 1 <= sample <= len(snapshot.samples):
        raise RequestError(
            f"--sample {sample}: step {snapshot.step} sees samples 1 to {len(snapshot.samples)}"
        )
    derivation = _Derivation(snapshot, sample)
    return Document(
        title=f"{snapshot.study.title}: the derivation at step {snapshot.step}",
        sections=tuple(derivation.sections()),
        notation=snapshot.notation,
        digits=DIGITS[snapshot.group.training.dtype],
    )


@dataclass(frozen=True)
class _Derivation:
    """What makes the sections."""

    snapshot: Snapshot
    sample: int

    @property
    def d(self) -> Definitions:
        return self.snapshot.definitions

    def sections(self) -> Iterator[Section]:
        """All of them, numbered but for the first."""
        yield Section(("What is given",), tuple(self._given()))
        for number, (title, body) in enumerate(self._sets(), start=1):
            yield Section((f"{number}. ", *title), tuple(body))

    @property
    def settings(self) -> list[Quantity]:
        """Multipliers, rates, and what the optimizer needs: those that its formulas speak of."""
        layers = range(1, self.d.last + 1)
        found = [Quantity("multiplier", layer) for layer in layers if self.d.multiplied]
        found += [Quantity("rate", layer) for layer in layers]
        found += [Quantity("bias_rate", layer) for layer in layers if self.d.network.bias]
        found += map(Quantity, self.d.settings)
        by_glyph = {self.snapshot.notation(q): q for q in found}
        return list(by_glyph.values())

    def _sets(self) -> Iterator[tuple[Line, Body]]:
        last = self.d.last
        yield ("The way forward",), self._forward()
        first = self.d.parameters(last)[0]
        yield (self._of(first), " by the chain rule"), self._chain_rule(first)
        yield (*_range(self._by(last)), " together"), self._gradients(last)
        for layer in range(last - 1, 0, -1):
            yield (*_range(self._by(layer)), " by the chain rule"), self._chain(layer)
            yield from self._paths(layer)
            totals = self.d.neurons("by_output", layer, self.sample)
            yield _range(totals), self._several(totals)
            yield _range(self._by(layer)), self._gradients(layer)
        if self.d.samples > 1:
            yield ("The sum over the samples",), self._over_samples()
        if self.snapshot.loss_after is not None:
            yield ("The update",), self._update()

    # What is given

    def _given(self) -> Body:
        network = self.d.network
        layers, names = "-".join(map(str, network.layers)), ", ".join(network.activations)
        rows: list[Line] = [("study", self.snapshot.study.name)]
        for name, value in self.snapshot.axes.items():
            rows.append((name, f"{value:.9g}" if isinstance(value, float) else str(value)))
        rows += [
            ("step", f"{self.snapshot.step}, after so many updates"),
            ("network", f"{layers}, {names}{', with biases' * network.bias}"),
            ("loss", network.loss),
            ("optimizer", self.snapshot.group.training.optimizer),
        ]
        yield Table(("", ""), tuple(rows))
        if self.d.samples > 1:
            at = self.snapshot.samples[self.sample - 1]
            yield (
                f"This step sees {self.d.samples} samples. What has an upper ({self.sample}) is ",
                f"of one of them, number {at + 1} of the data; others go through the same ",
                "formulas. The factor that makes the loss a mean is in each output's part of it, ",
                "so that the parts of samples are added up.",
            )
        yield from self._values("inputs", [output(0, i, self.sample) for i in self._to(0)])
        targets = [Quantity("target", to=k, sample=self.sample) for k in self._to(self.d.last)]
        yield from self._values("targets", targets)
        for layer in range(1, self.d.last + 1):
            yield from self._values(
                f"weights and biases of layer {layer}", self.d.parameters(layer)
            )
        yield from self._values("settings", self.settings)

    def _values(self, name: str, quantities: Sequence[Quantity]) -> Body:
        """A table of numbers; of many the first ones."""
        shown = quantities[:ABREAST] if len(quantities) > SHOWN else quantities
        for start in range(0, len(shown), ABREAST):
            abreast = tuple(shown[start : start + ABREAST])
            yield Table(abreast, (tuple(map(self._value, abreast)),))
        if len(shown) < len(quantities):
            yield (f"{len(quantities) - len(shown)} more {name} are not shown.",)

    # Set 1

    def _forward(self) -> Body:
        for layer in range(1, self.d.last + 1):
            for kind in ("sum", "output"):
                yield from self._several(self.d.neurons(kind, layer, self.sample))
        yield from self._several(self.d.neurons("term", self.d.last, self.sample))
        yield self._equation(Quantity("loss"))

    # Sets 2 and 3

    def _chain_rule(self, weight: Quantity) -> Body:
        """One weight of the last layer, factor by factor."""
        last, k = self.d.last, cast("int", weight.to)
        z = Quantity("sum", last, k, sample=self.sample)
        factors = self._factors(weight)
        if self.d.network.activations[-1] == "softmax":
            yield (weight, " acts through ", z, " alone, and through it on every output.")
            yield Equation(self._of(weight), (times(*factors),))
        else:
            terms = self.d.neurons("term", last, self.sample)
            own, others = terms[k - 1], [*terms[: k - 1], *terms[k:]]
            yield (weight, " acts through ", z, " alone, and so on ", own, " alone", *_rest(others))
            steps = [plus(call("partial", own, weight), *[0] * bool(others))]
            if 1 < len(terms) <= WRITTEN_OUT:
                steps.insert(0, call("partial", plus(*terms), weight))
            yield Equation(self._of(weight), (*steps, times(*factors)))
        yield ("The factors:",)
        yield from (self._equation(cast("Quantity", factor)) for factor in factors)
        yield ("Their product:",)
        yield self._filled(self._of(weight), times(*factors))

    def _gradients(self, layer: int) -> Body:
        """dE_T/dw of a layer, with the factors known by now written in."""

        def combined(parameter: Quantity) -> Equation:
            formula = self.d.contribution(parameter, self.sample)
            return self._filled(self._of(parameter), self._inline(formula, layer))

        yield from self._several(self.d.parameters(layer), combined)

    # Sets 4 to 8

    def _chain(self, layer: int) -> Body:
        """The chain rule through the activations of a hidden layer, not yet with all numbers."""
        yield (
            "A weight of this layer acts through one sum and one activation, and that on all of ",
            "the next layer. What the activation does to the loss comes in the next sets.",
        )
        yield from self._several(
            self.d.parameters(layer), lambda p: Equation(self._of(p), (times(*self._factors(p)),))
        )
        yield ("Two of the factors are known:",)
        yield from self._several(self.d.neurons("slope", layer, self.sample))
        weights = self.d.weights(layer)
        yield from self._several([w.about("sum_by_weight", self.sample) for w in weights])

    def _paths(self, layer: int) -> Iterator[tuple[Line, Body]]:
        """What each activation of a layer does through each neuron of the next one."""
        neurons = self._to(layer)
        likewise = (f"The other {len(neurons) - 1} neurons of the layer likewise.",)
        many = len(neurons) > WRITTEN_OUT
        for i in neurons[:1] if many else neurons:
            paths = [Quantity("path", layer + 1, j, i, self.sample) for j in self._to(layer + 1)]
            yield _range(paths), chain(self._several(paths, self._path), [likewise] * many)

    def _path(self, path: Quantity) -> Equation:
        by_sum = self.d.by_sum(path.layer, path.to, self.sample)
        chain = by_sum * path.about("sum_by_output", self.sample)
        combined = self._inline(self.d.of(path), path.layer)
        return self._filled(path, *dict.fromkeys((chain, combined)))

    # Over samples, and the update

    def _over_samples(self) -> Body:
        yield ("Each sample has its own part in the gradient; together they are",)

        def total(parameter: Quantity) -> Equation:
            kind = f"by_{parameter.kind}"
            of_samples = Series("s", self.d.samples, lambda s: parameter.about(kind, s))
            return self._filled(parameter.about(kind), of_samples)

        yield from self._several(self.d.all_parameters, total)

    def _update(self) -> Body:
        yield (
            "All derivatives were taken at the old weights. Now each weight moves against its own:",
        )
        if self.d.clipped:
            yield self._equation(Quantity("clipping"))
        if self.d.scheduled:
            yield Equation(Quantity("factor"), (), None, self._value(Quantity("factor")))
        parameters = self.d.all_parameters
        for kept in zip(*map(self.d.kept, parameters), strict=True):
            yield from self._several(kept)
        yield from self._several([p.about(f"next_{p.kind}") for p in parameters])
        yield (
            "With them the loss goes from ",
            self._value(Quantity("loss")),
            " to ",
            Number(self.snapshot.loss_after),
            *["; the next step sees other samples"] * self.snapshot.group.batched,
            ".",
        )

    # The parts of all these

    def _to(self, layer: int) -> range:
        return range(1, self.d.network.layers[layer] + 1)

    def _of(self, parameter: Quantity) -> Quantity:
        """What a parameter does to the loss by way of the sample written out."""
        return parameter.about(f"by_{parameter.kind}", self.sample if self.d.samples > 1 else 0)

    def _by(self, layer: int) -> list[Quantity]:
        return [self._of(parameter) for parameter in self.d.parameters(layer)]

    def _factors(self, parameter: Quantity) -> tuple[Expression, ...]:
        """The chain rule's: by A, by z (or both at once), by the parameter."""
        by_sum = self.d.by_sum(parameter.layer, parameter.to, self.sample)
        own = parameter.about("sum_by_weight", self.sample)
        return (*parts_of(by_sum, "product"), *[own] * (parameter.kind == "weight"))

    def _inline(self, formula: Expression, layer: int) -> Expression:
        """A formula with what a layer's factors are written in, where that is short."""

        def leaf(q: Quantity) -> Expression:
            end = q.kind in ("by_output", "by_sum") and q.layer == layer == self.d.last
            return self.d.of(q) if q.kind == "slope" or end else q

        found = replace(formula, leaf, lambda series: series)
        return times(*parts_of(found, "product"))

    def _several(
        self, quantities: Sequence[Quantity], equation: Callable[[Quantity], Equation] | None = None
    ) -> Body:
        """Each one's equation; of many the first ones, and a table of all that fit."""
        equation = equation or self._equation
        if len(quantities) <= (SHOWN if self.snapshot.notation.course else SHOWN_OF_MANY):
            yield from map(equation, quantities)
            return
        made = [equation(q) for q in quantities[:FEW]]
        yield from made
        yield (f"The other {len(quantities) - FEW} likewise.",)
        if made[0].value is None:
            return
        shown = quantities if len(quantities) <= ROWS else [*quantities[: ROWS - 1], quantities[-1]]
        rows: list[Line] = [(e.left, e.value or "") for e in map(equation, shown)]
        if left_out := len(quantities) - len(shown):
            rows.insert(-1, (f"… {left_out} more …", ""))
        yield Table(("", "value"), tuple(rows))

    def _equation(self, q: Quantity) -> Equation:
        return self._filled(q, self.d.of(q))

    def _filled(self, left: Quantity, *forms: Expression) -> Equation:
        """An equation whose last form is also written with numbers."""
        filled = replace(forms[-1], self._value, excerpt)
        shown = None if isinstance(filled, Number) else filled
        return Equation(left, forms, shown, self._value(left))

    def _value(self, q: Quantity) -> Number:
        return Number(self.snapshot.number(q) + 0.0)  # without a sign of 0


def _rest(others: Sequence[Expression]) -> Line:
    """That all other terms do not change."""
    line: list[str | Expression] = []
    for other in others[:WRITTEN_OUT]:
        line += [", " if line else "; ", other]
    if not line:
        return (".",)
    several = len(line) > 2
    line += [f" and {len(others) - WRITTEN_OUT} more"] * (len(others) > WRITTEN_OUT)
    return (*line, f" {'are' if several else 'is'} constant in it.")


def _range(quantities: Sequence[Quantity]) -> Line:
    """The first one to the last."""
    between = " and " if len(quantities) == 2 else " … "
    return (quantities[0], between, quantities[-1]) if len(quantities) > 1 else tuple(quantities)
