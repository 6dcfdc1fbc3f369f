"""Random networks, each named by a seed: what they are, and how far the kernel is from its twins.

Depth 1 to 5, widths 1 to 64 (as many below 8 as above: narrow layers are where special cases are),
weights N(0, 1/fan-in), 8 samples. Forty seeds in a row, `ROUND`, have every loss with every last
activation that it takes. Seeds that differ by a multiple of `KERNELS` share all that a kernel is
compiled for, which takes longer than the rest together; weights, data and rates are their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import cycle, islice, product
from math import inf

import numpy as np

from sweep import catalogue
from sweep.study import Group
from sweep.training.trainer import train

from ..oracles import naive
from ..oracles.peers import PEERS, peer
from ..oracles.precise import Oracle
from ..oracles.problem import ACTIVATIONS as EVERY
from ..oracles.problem import FROM_LOGITS, LOSSES, OPTIMIZERS, Descent, Problem
from .arrays import Array
from .groups import group

ROUND = 40
KERNELS = 10 * ROUND
SAMPLES, STEPS = 8, 10

ADAPTIVE = tuple(name for name, row in catalogue.OPTIMIZERS.items() if "epsilon" in row.numbers)
# A square of squares outgrows every bound within five layers; it has tests of its own.
ACTIVATIONS = tuple(name for name in EVERY if name != "square")
_HIDDEN = tuple(name for name in ACTIVATIONS if name != "softmax")
_FREE = [(loss, last) for loss, last in product(LOSSES, ACTIVATIONS) if loss not in FROM_LOGITS]
_ENDS = [*_FREE, *islice(cycle(FROM_LOGITS.items()), ROUND - len(_FREE))]

# A gradient is read off one trial's first step, at a rate so large that w - rate g rounds to
# - rate g; a power of two scales without rounding. Adaptive optimizers divide by sqrt(g^2) +
# epsilon, which for an epsilon so large is epsilon. Rate over epsilon, and epsilon:
_READING = {"float64": (2.0**900, 2.0**100), "float32": (2.0**64, 2.0**30)}


@dataclass(frozen=True, eq=False)
class Case:
    """A network, the parameters (P,) that it starts from, and the way down from there."""

    problem: Problem
    initial: Array
    rate: float
    how: Descent
    dtype: str


@dataclass(frozen=True)
class Frame:
    """What the networks of a kernel share."""

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str
    multipliers: tuple[float, ...]
    optimizer: str
    clipped: bool
    decayed: bool


@cache
def frame(kernel: int) -> Frame:
    generator = np.random.default_rng([kernel, KERNELS])
    loss, activations = _kinds(kernel // ROUND)[kernel % ROUND]
    sizes = np.exp2(generator.uniform(0, 6, len(activations) + 1)).round().astype(int).tolist()
    sizes[-1] += activations[-1] == "softmax" and sizes[-1] == 1  # a share of one is always 1
    bias, optimizer = (kernel + kernel // ROUND) % 2, OPTIMIZERS[kernel % len(OPTIMIZERS)]
    multipliers = _multipliers(len(activations), generator)
    clipped, decayed = (generator.random(2) < 1 / 3).tolist()
    return Frame(
        tuple(sizes), activations, bool(bias), loss, multipliers, optimizer, clipped, decayed
    )


@lru_cache(ROUND)
def case(seed: int, dtype: str = "float64") -> Case:
    """The network of a seed, all its numbers of the dtype."""
    common, generator = frame(seed % KERNELS), np.random.default_rng(seed)
    sizes = common.layers
    problem = Problem(
        layers=sizes,
        activations=common.activations,
        bias=common.bias,
        loss=common.loss,
        inputs=_rows(_inputs(sizes[0], generator), dtype),
        targets=_rows(_targets(sizes[-1], common.loss, generator), dtype),
        multipliers=common.multipliers,
    )
    initial = _initial(problem, generator).astype(dtype).astype(np.float64)
    return Case(problem, initial, *_descent(common, dtype, problem, initial), dtype)


@cache
def _kinds(block: int) -> list[tuple[str, tuple[str, ...]]]:
    """The loss and the activations of the networks of one round.

    In the first round those with few last activations are deep, so that each loss has every
    activation in hidden layers too.
    """
    order = np.random.default_rng(block).permutation(_HIDDEN).tolist()
    hidden, found = {loss: cycle(order) for loss in LOSSES}, []
    for index, (loss, last) in enumerate(_ENDS):
        deep = block == 0 and loss in FROM_LOGITS
        depth = 5 - index % 2 if deep else 1 + (index + block) % 5
        found.append((loss, (*islice(hidden[loss], depth - 1), last)))
    return found


def _inputs(size: int, generator: np.random.Generator) -> Array:
    """Now and then one is always 0, and the gradients of its weights exactly so."""
    inputs = generator.normal(size=(SAMPLES, size))
    if generator.random() < 0.2:
        inputs[:, generator.integers(size)] = 0.0
    return inputs


def _targets(size: int, loss: str, generator: np.random.Generator) -> Array:
    """Probabilities, certain or not, where the loss wants such; else numbers around 0."""
    shape = (SAMPLES, size)
    match loss, generator.random() < 0.5:
        case "binary_cross_entropy", certain:
            shares = generator.random(shape)
            return shares.round() if certain else shares
        case "softmax_cross_entropy", True:
            return np.eye(size)[generator.integers(size, size=SAMPLES)]
        case "softmax_cross_entropy", False:
            return generator.dirichlet(np.ones(size), SAMPLES)
    return 1.5 * generator.normal(size=shape)  # errors on both sides of Huber's joints


def _rows(numbers: Array, dtype: str) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, numbers.astype(dtype).astype(np.float64).tolist()))


def _multipliers(depth: int, generator: np.random.Generator) -> tuple[float, ...]:
    """None, or short numbers of either sign, exact in float32."""
    if generator.random() < 2 / 3:
        return ()
    sizes = generator.integers(32, 96, depth) / 64
    return tuple((sizes * generator.choice([-1, 1], depth)).tolist())


def _initial(problem: Problem, generator: np.random.Generator) -> Array:
    layers = [
        (generator.normal(size=(to, origin)) / origin**0.5, generator.normal(size=to) / 2)
        for to, origin in problem.shapes
    ]
    return naive.pack(problem, layers)


def _descent(common: Frame, dtype: str, problem: Problem, initial: Array) -> tuple[float, Descent]:
    """A learning rate that changes weights by a hundredth or so, and an optimizer.

    The norm to clip to is half the gradient's at the start. Epsilon in float32 is 2^-10: a gradient
    g becomes g / (|g| + epsilon), and what rounding leaves of an entry that should be near 0, 1e-8
    or so, would with the usual epsilon become a step of full length.
    """
    g, optimizer = naive.gradient(problem, initial), common.optimizer
    step = 0.01 * abs(initial).max() / max(abs(g).max(), 1e-3)
    how = Descent(
        optimizer,
        epsilon={"float64": 1e-8, "float32": 2.0**-10}[dtype],
        weight_decay=2.0**-6 if common.decayed else 0.0,
        clip_norm=_short(np.linalg.norm(g) / 2) if common.clipped else inf,
    )
    return 2.0**-9 if optimizer in ADAPTIVE else _short(min(step, 0.5)), how


def _short(number: float) -> float:
    """Its first digits, and above 0: exact in float32."""
    return float(np.float16(max(number, 1e-4)))


def study(case: Case) -> Group:
    """Its first trial is the case, its last one shows the gradient at the first step."""
    problem, how = case.problem, case.how
    rate, epsilon = _READING[case.dtype]
    adaptive = how.optimizer in ADAPTIVE
    axes = {
        "learning_rate": (case.rate, rate * epsilon if adaptive else rate),
        "weight_decay": (how.weight_decay, 0.0),
        "clip_norm": (how.clip_norm, inf),
    }
    axes |= {"epsilon": (how.epsilon, epsilon)} if adaptive else {}
    for name in {"beta1", "momentum"}.intersection(catalogue.OPTIMIZERS[how.optimizer].numbers):
        axes[name] = (getattr(how, name), 0.0)
    layers = naive.unpack(problem, case.initial)
    return group(
        f"""
        [network]
        layers = {list(problem.layers)}
        activation = {list(problem.activations)}
        bias = {str(problem.bias).lower()}
        loss = '{problem.loss}'
        {f"multiplier = {list(problem.multipliers)}" if problem.multipliers else ""}
        [data]
        inputs = {[list(row) for row in problem.inputs]}
        targets = {[list(row) for row in problem.targets]}
        [initial]
        weights = {[w.tolist() for w, _ in layers]}
        {f"biases = {[b[0].tolist() for _, b in layers]}" if problem.bias else ""}
        [training]
        optimizer = '{how.optimizer}'
        steps = {STEPS}
        dtype = '{case.dtype}'
        [axes]
        {_lines({name: sorted({*pair}, key=pair.index) for name, pair in axes.items()})}
        [record]
        parameters = 'every step'
        """
    )


def _lines(settings: dict[str, list[float]]) -> str:
    return "\n".join(f"{name} = {values}" for name, values in settings.items())


@lru_cache(ROUND)
def trained(seed: int, dtype: str = "float64") -> tuple[Array, Array]:
    """The kernel's gradient (P,) at the initial parameters, and all parameters (STEPS + 1, P)."""
    one = case(seed, dtype)
    trials = study(one)
    run = train(trials, np.array([0, trials.trials - 1]))
    parameters = run.parameters.astype(np.float64)
    before, after = parameters[1, :2]
    # A parameter that has not moved has a gradient of 0, or one that is lost at this rate even.
    gradient = np.where(after == before, 0.0, after / -_READING[dtype][0])
    return gradient, parameters[0]


def exact_gradient(one: Case) -> Array:
    """By the complex step; by dual numbers where the loss is not analytic."""
    way: Callable[[Problem, Array], Array] = (
        naive.complex_step_gradient if one.problem.takes_complex else naive.dual_gradient
    )
    return way(one.problem, one.initial)


def gradient_error(seed: int, dtype: str = "float64") -> float:
    """max|g - reference| / max|g|; infinite if an entry is not 0 where the reference is."""
    return _relative(trained(seed, dtype)[0], exact_gradient(case(seed, dtype)))


def precise_error(seed: int) -> float:
    """The same against mpmath, in float64."""
    one = case(seed)
    _, (expected,) = Oracle(one.problem, digits=30).at(one.initial[None])
    return _relative(trained(seed)[0], expected)


def _relative(found: Array, expected: Array) -> float:
    if found[expected == 0].any():
        return inf
    return float(abs(found - expected).max() / (abs(expected).max() or 1.0))


def step_errors(
    seed: int, dtype: str = "float64", peers: tuple[str, ...] = PEERS
) -> Iterator[float]:
    """max|w - reference| / max|w| after one step and after all, for each of the peers."""
    one, (_, found) = case(seed, dtype), trained(seed, dtype)
    rates = [one.rate] * len(one.problem.activations)
    for name in peers:
        _, expected = peer(name).descend(one.problem, one.initial, STEPS, rates, None, one.how)
        for step in (1, STEPS):
            yield abs(found[step] - expected[step]).max() / abs(expected[step]).max()
