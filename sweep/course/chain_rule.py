"""What each quantity of the derivation is, as a formula of others: the chain rule, written once.

For a layer with weights w, biases b and a multiplier m, of one sample:

    z_j = m sum_i w_ji a_i + b_j             A_j = f(z_j)            E_k = c e(A_k, T_k)
    dE_T/dA_i = sum_j dE_T/dA_j f'(z_j) m w_ji                       E_T = sum of all E_k
    dE_T/dw_ji = sum over samples of dE_T/dA_j f'(z_j) m a_i

with c as the loss has it: 1 for the course's, the mean over samples (and outputs) for others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from sweep import catalogue
from sweep.course.expression import (
    HALF,
    ONE,
    WRITTEN_OUT,
    Expression,
    Index,
    Quantity,
    call,
    parts_of,
    plus,
    series,
    times,
)
from sweep.course.formulas import ACTIVATIONS, LOSSES, OPTIMIZERS, Place
from sweep.study import Network

SOFTMAX = "softmax"


@dataclass(frozen=True)
class Definitions:
    """The formulas of one network of whose `samples` a step sees so many.

    Its layers may be `multiplied`, weights `decayed`, the gradient's norm `clipped` and learning
    rates `scheduled`, that is, have a factor.
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

    @property
    def outputs(self) -> int:
        """The neurons of the last layer."""
        return self.network.layers[-1]

    @cached_property
    def averaged(self) -> int:
        """What every term of the loss is divided by: the number of terms of which it is a mean."""
        return self.samples * (self.outputs if LOSSES[self.network.loss].mean_of_outputs else 1)

    def by_sum(self, layer: int, to: Index, sample: Index) -> Expression:
        """dE_T/dz: one quantity, or the two factors that it is the product of."""
        own = Quantity("by_sum", layer, to, sample=sample)
        if self.sums_alone(layer):
            return own
        return own.about("by_output", sample) * own.about("slope", sample)

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

    def weights(self, layer: int) -> list[Quantity]:
        """A layer's weights, [to][from]."""
        to, origin = (range(1, count + 1) for count in self.network.shapes[layer - 1])
        return [Quantity("weight", layer, j, i) for j in to for i in origin]

    def parameters(self, layer: int) -> list[Quantity]:
        """A layer's weights, then its biases."""
        biases = self.neurons("bias", layer, 0) if self.network.bias else []
        return self.weights(layer) + biases

    @cached_property
    def all_parameters(self) -> list[Quantity]:
        """Those of all layers, in the order of saved parameters."""
        return [p for layer in range(1, self.last + 1) for p in self.parameters(layer)]

    def contribution(self, parameter: Quantity, sample: Index) -> Expression:
        """dE_T/dw of one sample, by the chain rule through z."""
        layer = parameter.layer
        by_sum = self.by_sum(layer, parameter.to, sample)
        if parameter.kind == "bias":
            return by_sum
        return by_sum * self.m(layer) * output(layer - 1, parameter.origin, sample)

    def kept(self, parameter: Quantity) -> list[Quantity]:
        """What the optimizer keeps of a parameter from this update on."""
        letters = "sv"[: len(OPTIMIZERS[self.optimizer].kept)]
        return [parameter.about(f"next_{parameter.kind}_{letter}") for letter in letters]

    def place(self, parameter: Quantity) -> Place:
        """What the optimizer's formulas are told of a parameter."""
        kind = parameter.kind
        g: Expression = parameter.about(f"by_{kind}")
        g = Quantity("clipping") * g if self.clipped else g
        w: Expression = parameter
        eta: Expression = Quantity("bias_rate" if kind == "bias" else "rate", parameter.layer)
        eta = Quantity("factor") * eta if self.scheduled else eta
        decay = Quantity("weight_decay")
        if self.decayed and catalogue.OPTIMIZERS[self.optimizer].decoupled:
            w = (1 - eta * decay) * w
        elif self.decayed:
            g = g + decay * w
        s, v, next_s, next_v = (
            parameter.about(f"{when}{kind}_{letter}") for when in ("", "next_") for letter in "sv"
        )
        return Place(w, g, eta, s, v, next_s, next_v, Quantity("updates"), Quantity)


def output(layer: int, to: Index, sample: Index) -> Quantity:
    """An activation; an input if the layer is 0."""
    return Quantity("output" if layer else "input", layer, to, sample=sample)


def _sum(self: Definitions, q: Quantity) -> Expression:
    def term(i: Index) -> Expression:
        return Quantity("weight", q.layer, q.to, i) * output(q.layer - 1, i, q.sample)

    count = self.network.layers[q.layer - 1]
    bias = (Quantity("bias", q.layer, q.to),) * self.network.bias
    if not self.multiplied and count <= WRITTEN_OUT:
        return plus(*map(term, range(1, count + 1)), *bias)
    return plus(self.m(q.layer) * series("i", count, term), *bias)


def _output(self: Definitions, q: Quantity) -> Expression:
    name = self.network.activations[q.layer - 1]
    if name != SOFTMAX:
        return ACTIVATIONS[name].value(q.about("sum", q.sample))

    def power(k: Index) -> Expression:
        return call("exp", Quantity("sum", q.layer, k, sample=q.sample))

    return power(q.to) / series("k", self.outputs, power)


def _term(self: Definitions, q: Quantity) -> Expression:
    a, t = output(self.last, q.to, q.sample), Quantity("target", to=q.to, sample=q.sample)
    term, count = LOSSES[self.network.loss].term(a, t), self.averaged
    first, *others = parts_of(term, "product")
    if first == HALF:  # 1/4 1/2 is 1/8
        return times(ONE / (2 * count), *others)
    return ONE / count * term if count > 1 else term


def _loss(self: Definitions, q: Quantity) -> Expression:
    def of_sample(s: Index) -> Expression:
        return series("k", self.outputs, lambda k: Quantity("term", self.last, k, sample=s))

    return series("s", self.samples, of_sample)


def _slope(self: Definitions, q: Quantity) -> Expression:
    row = ACTIVATIONS[self.network.activations[q.layer - 1]]
    return row.slope(q.about("sum", q.sample), output(q.layer, q.to, q.sample))


def _loss_slope(self: Definitions, q: Quantity) -> Expression:
    """The derivative of an output's term by the output, or by the sum."""

    def target(k: Index) -> Expression:
        return Quantity("target", to=k, sample=q.sample)

    a, count = output(self.last, q.to, q.sample), self.averaged
    slope = LOSSES[self.network.loss].slope(a, target(q.to), series("k", self.outputs, target))
    return ONE / count * slope if count > 1 else slope


def _by_output(self: Definitions, q: Quantity) -> Expression:
    if q.layer == self.last:
        return _loss_slope(self, q)
    after = q.layer + 1
    count = self.network.layers[after]
    return series("j", count, lambda j: Quantity("path", after, j, q.to, q.sample))


def _by_sum(self: Definitions, q: Quantity) -> Expression:
    """Of an output whose loss is one of z; of softmax, A_j (g_j - sum_k g_k A_k), g = dE/dA."""
    if LOSSES[self.network.loss].by_sum:
        return _loss_slope(self, q)

    def g(k: Index) -> Expression:
        return Quantity("by_output", q.layer, k, sample=q.sample)

    def mean(k: Index) -> Expression:
        return g(k) * output(q.layer, k, q.sample)

    return output(q.layer, q.to, q.sample) * (g(q.to) - series("k", self.outputs, mean))


def _by_parameter(self: Definitions, q: Quantity) -> Expression:
    parameter = q.about(q.kind.removeprefix("by_"))
    if q.sample:
        return self.contribution(parameter, q.sample)
    return series("s", self.samples, partial(self.contribution, parameter))


def _clipping(self: Definitions, q: Quantity) -> Expression:
    """min(1, c / (norm + 1e-6)), as the kernel and PyTorch have it."""

    def squared(at: Index) -> Expression:
        """Of a number; of a letter, of the derivative by any parameter."""
        if isinstance(at, str):
            return Quantity("by_any", to=at) ** 2
        p = self.all_parameters[at - 1]
        return p.about(f"by_{p.kind}") ** 2

    norm = call("sqrt", series("p", len(self.all_parameters), squared)) + 1e-6
    return call("min", 1, Quantity("clip_norm") / norm)


def _kept(self: Definitions, q: Quantity) -> Expression:
    kind, order = "bias" if "bias" in q.kind else "weight", "sv".index(q.kind[-1])
    return OPTIMIZERS[self.optimizer].kept[order](self.place(q.about(kind)))


def _next(self: Definitions, q: Quantity) -> Expression:
    return OPTIMIZERS[self.optimizer].update(self.place(q.about(q.kind.removeprefix("next_"))))


_FORMULAS: Mapping[str, Callable[[Definitions, Quantity], Expression]] = {
    "sum": _sum,
    "output": _output,
    "term": _term,
    "loss": _loss,
    "slope": _slope,
    "by_output": _by_output,
    "by_sum": _by_sum,
    "path": lambda self, q: (
        self.by_sum(q.layer, q.to, q.sample) * self.m(q.layer) * q.about("weight")
    ),
    "by_weight": _by_parameter,
    "by_bias": _by_parameter,
    "sum_by_weight": lambda self, q: self.m(q.layer) * output(q.layer - 1, q.origin, q.sample),
    "sum_by_output": lambda self, q: self.m(q.layer) * q.about("weight"),
    "clipping": _clipping,
    "next_weight": _next,
    "next_bias": _next,
} | {f"next_{kind}_{letter}": _kept for kind in ("weight", "bias") for letter in "sv"}
