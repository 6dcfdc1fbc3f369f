"""What each quantity of the derivation is, as a formula of others: the chain rule, written once.

For a layer with weights w, biases b and a multiplier m, of one sample:

    z_j = m sum_i w_ji a_i + b_j             A_j = f(z_j)            E_k = c e(A_k, T_k)
    dE_T/dA_i = sum_j dE_T/dA_j f'(z_j) m w_ji                       E_T = sum of all E_k
    dE_T/dw_ji = sum over samples of dE_T/dA_j f'(z_j) m a_i

with c as the loss has it: 1 for the course's, the mean over samples (and outputs) for others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sweep import catalogue
from sweep.course.expression import (
    HALF,
    ONE,
    WRITTEN_OUT,
    Expression,
    Index,
    Number,
    Quantity,
    about,
    call,
    minus,
    plus,
    ratio,
    series,
    square,
    times,
)
from sweep.course.formulas import ACTIVATIONS, LOSSES, OPTIMIZERS, Place
from sweep.study import Network

SOFTMAX = "softmax"


@dataclass(frozen=True)
class Definitions:
    """The formulas of one network that is trained on so many samples.

    Attributes:
        network: its layers, activations and loss.
        samples: how many a step sees.
        multiplied: whether the layers have multipliers.
        optimizer: a name of `OPTIMIZERS`.
        decayed: whether weights decay.
        clipped: whether the norm of the gradient is bounded.
        scheduled: whether learning rates have a factor.
    """

    network: Network
    samples: int
    multiplied: bool = False
    optimizer: str = "sgd"
    decayed: bool = False
    clipped: bool = False
    scheduled: bool = False

    def of(self, q: Quantity) -> Expression:
        """The formula of a quantity that has one.

        Raises:
            KeyError: it has none: it is given.
        """
        return _FORMULAS[q.kind](self, q)

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the numbers that an update speaks of, rates apart."""
        own = catalogue.OPTIMIZERS[self.optimizer].numbers
        return own + ("weight_decay",) * self.decayed + ("clip_norm",) * self.clipped

    @property
    def last(self) -> int:
        """The number of the last layer."""
        return len(self.network.shapes)

    @cached_property
    def scale(self) -> Expression:
        """What every term of the loss is multiplied by."""
        each = self.network.layers[-1] if LOSSES[self.network.loss].mean_of_outputs else 1
        count = self.samples * each
        return ONE if count == 1 else ratio(ONE, Number(count))

    def by_sum(self, layer: int, to: Index, sample: Index) -> Expression:
        """dE_T/dz: one quantity, or the two factors that it is the product of."""
        if self.sums_alone(layer):
            return Quantity("by_sum", layer, to, sample=sample)
        slope = Quantity("slope", layer, to, sample=sample)
        return times(Quantity("by_output", layer, to, sample=sample), slope)

    def sums_alone(self, layer: int) -> bool:
        """Whether a layer's dE_T/dz is no product of one derivative by A and one by z."""
        network = self.network
        softmax = network.activations[-1] == SOFTMAX
        return layer == self.last and (softmax or LOSSES[network.loss].by_sum)

    def neurons(self, kind: str, layer: int, sample: Index) -> list[Quantity]:
        """A quantity of each neuron of a layer."""
        count = self.network.layers[layer]
        return [Quantity(kind, layer, j, sample=sample) for j in range(1, count + 1)]

    def m(self, layer: int) -> Expression:
        """A layer's multiplier, 1 where there is none."""
        return Quantity("multiplier", layer) if self.multiplied else ONE

    def parameters(self, layer: int) -> list[Quantity]:
        """A layer's weights [to][from], then its biases."""
        to, origin = self.network.shapes[layer - 1]
        weights = [
            Quantity("weight", layer, j, i) for j in range(1, to + 1) for i in range(1, origin + 1)
        ]
        return weights + [Quantity("bias", layer, j) for j in range(1, to * self.network.bias + 1)]

    @cached_property
    def all_parameters(self) -> list[Quantity]:
        """Those of all layers, in the order of saved parameters."""
        return [p for layer in range(1, self.last + 1) for p in self.parameters(layer)]

    def contribution(self, parameter: Quantity, sample: Index) -> Expression:
        """dE_T/dw of one sample, by the chain rule through z."""
        layer, to = parameter.layer, parameter.to
        by_sum = self.by_sum(layer, to, sample)
        if parameter.kind == "bias":
            return by_sum
        entering = output(layer - 1, parameter.origin, sample)
        return _flat(by_sum, self.m(layer), entering)

    def kept(self, parameter: Quantity) -> list[Quantity]:
        """What the optimizer keeps of a parameter from this update on."""
        letters = "sv"[: len(OPTIMIZERS[self.optimizer].kept)]
        return [about(parameter, f"next_{parameter.kind}_{letter}") for letter in letters]

    def place(self, parameter: Quantity) -> Place:
        """What the optimizer's formulas are told of a parameter."""
        kind = parameter.kind
        g: Expression = about(parameter, f"by_{kind}")
        g = times(Quantity("clipping"), g) if self.clipped else g
        w: Expression = parameter
        rate = Quantity("bias_rate" if kind == "bias" else "rate", parameter.layer)
        eta = times(Quantity("factor"), rate) if self.scheduled else rate
        decay = Quantity("weight_decay")
        if self.decayed and catalogue.OPTIMIZERS[self.optimizer].decoupled:
            w = times(minus(ONE, times(eta, decay)), w)
        elif self.decayed:
            g = plus(g, times(decay, w))
        s, v, next_s, next_v = (
            about(parameter, f"{when}{kind}_{letter}") for when in ("", "next_") for letter in "sv"
        )
        return Place(w, g, eta, s, v, next_s, next_v, Quantity("updates"), Quantity)


def output(layer: int, to: Index, sample: Index) -> Quantity:
    """An activation; an input if the layer is 0."""
    if layer:
        return Quantity("output", layer, to, sample=sample)
    return Quantity("input", to=to, sample=sample)


def _flat(first: Expression, *others: Expression) -> Expression:
    """A product whose first factor may be one itself."""
    return times(*getattr(first, "parts", ()) or (first,), *others)


def _sum(self: Definitions, q: Quantity) -> Expression:
    def term(i: Index) -> Expression:
        return times(Quantity("weight", q.layer, q.to, i), output(q.layer - 1, i, q.sample))

    count = self.network.layers[q.layer - 1]
    bias = (Quantity("bias", q.layer, q.to),) * self.network.bias
    if not self.multiplied and count <= WRITTEN_OUT:
        return plus(*(term(i) for i in range(1, count + 1)), *bias)
    return plus(times(self.m(q.layer), series("i", count, term)), *bias)


def _output(self: Definitions, q: Quantity) -> Expression:
    name = self.network.activations[q.layer - 1]
    if name != SOFTMAX:
        return ACTIVATIONS[name].value(Quantity("sum", q.layer, q.to, sample=q.sample))

    def power(k: Index) -> Expression:
        return call("exp", Quantity("sum", q.layer, k, sample=q.sample))

    return ratio(power(q.to), series("k", self.network.layers[-1], power))


def _term(self: Definitions, q: Quantity) -> Expression:
    a, t = output(self.last, q.to, q.sample), Quantity("target", to=q.to, sample=q.sample)
    term = LOSSES[self.network.loss].term(a, t)
    first, *others = getattr(term, "parts", ()) or (None,)
    if first == HALF and isinstance(self.scale, type(HALF)) and others:  # 1/4 1/2 is 1/8
        below = getattr(self.scale, "parts", (ONE, ONE))[1]
        return times(ratio(ONE, Number(2 * getattr(below, "value", 1))), *others)
    return times(self.scale, term)


def _loss(self: Definitions, q: Quantity) -> Expression:
    def of_sample(s: Index) -> Expression:
        return series(
            "k",
            self.network.layers[-1],
            lambda k: Quantity("term", self.last, k, sample=s),
        )

    return series("s", self.samples, of_sample)


def _slope(self: Definitions, q: Quantity) -> Expression:
    row = ACTIVATIONS[self.network.activations[q.layer - 1]]
    z = Quantity("sum", q.layer, q.to, sample=q.sample)
    return row.slope(z, output(q.layer, q.to, q.sample))


def _loss_slope(self: Definitions, q: Quantity) -> Expression:
    """The derivative of an output's term by the output, or by the sum."""

    def target(k: Index) -> Expression:
        return Quantity("target", to=k, sample=q.sample)

    a = output(self.last, q.to, q.sample)
    mass = series("k", self.network.layers[-1], target)
    slope = LOSSES[self.network.loss].slope(a, target(q.to), mass)
    return _flat_scale(self.scale, slope)


def _flat_scale(scale: Expression, slope: Expression) -> Expression:
    return scale if slope == ONE else times(scale, slope)


def _by_output(self: Definitions, q: Quantity) -> Expression:
    if q.layer == self.last:
        return _loss_slope(self, q)
    after = q.layer + 1

    def path(j: Index) -> Expression:
        return Quantity("path", after, j, q.to, q.sample)

    return series("j", self.network.layers[after], path)


def _by_sum(self: Definitions, q: Quantity) -> Expression:
    """Of an output whose loss is one of z; of softmax, A_j (g_j - sum_k g_k A_k), g = dE/dA."""
    if LOSSES[self.network.loss].by_sum:
        return _loss_slope(self, q)

    def g(k: Index) -> Expression:
        return Quantity("by_output", q.layer, k, sample=q.sample)

    def mean(k: Index) -> Expression:
        return times(g(k), output(q.layer, k, q.sample))

    sums = series("k", self.network.layers[-1], mean)
    return times(output(q.layer, q.to, q.sample), minus(g(q.to), sums))


def _path(self: Definitions, q: Quantity) -> Expression:
    weight = Quantity("weight", q.layer, q.to, q.origin)
    return _flat(self.by_sum(q.layer, q.to, q.sample), self.m(q.layer), weight)


def _by_parameter(self: Definitions, q: Quantity) -> Expression:
    parameter = about(q, q.kind.removeprefix("by_"))
    if q.sample:
        return self.contribution(parameter, q.sample)
    return series("s", self.samples, lambda s: self.contribution(parameter, s))


def _clipping(self: Definitions, q: Quantity) -> Expression:
    """min(1, c / (norm + 1e-6)), as the kernel and PyTorch have it."""
    squares = [square(about(p, f"by_{p.kind}")) for p in self.all_parameters]
    norm = plus(call("sqrt", series("p", len(squares), lambda at: _nth(squares, at))), Number(1e-6))
    return call("min", ONE, ratio(Quantity("clip_norm"), norm))


def _nth(items: list[Expression], at: Index) -> Expression:
    """That of a number; of a letter, the square of the derivative by any parameter."""
    if isinstance(at, int):
        return items[at - 1]
    return square(Quantity("by_any", to=at))


def _kept(order: int) -> Callable[[Definitions, Quantity], Expression]:
    def formula(self: Definitions, q: Quantity) -> Expression:
        kind = "bias" if "bias" in q.kind else "weight"
        return OPTIMIZERS[self.optimizer].kept[order](self.place(about(q, kind)))

    return formula


def _next(self: Definitions, q: Quantity) -> Expression:
    return OPTIMIZERS[self.optimizer].update(self.place(about(q, q.kind.removeprefix("next_"))))


_FORMULAS: dict[str, Callable[[Definitions, Quantity], Expression]] = {
    "sum": _sum,
    "output": _output,
    "term": _term,
    "loss": _loss,
    "slope": _slope,
    "by_output": _by_output,
    "by_sum": _by_sum,
    "path": _path,
    "by_weight": _by_parameter,
    "by_bias": _by_parameter,
    "sum_by_weight": lambda self, q: times(
        self.m(q.layer), output(q.layer - 1, q.origin, q.sample)
    ),
    "sum_by_output": lambda self, q: times(
        self.m(q.layer), Quantity("weight", q.layer, q.to, q.origin)
    ),
    "clipping": _clipping,
    "next_weight": _next,
    "next_bias": _next,
    "next_weight_s": _kept(0),
    "next_weight_v": _kept(1),
    "next_bias_s": _kept(0),
    "next_bias_v": _kept(1),
}
