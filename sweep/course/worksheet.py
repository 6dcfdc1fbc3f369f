"""A study as a spreadsheet that computes: its columns, which studies fit, what is in its cells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as but
from functools import cached_property
from itertools import product

import numpy as np

from sweep.catalogue import NUMBERS
from sweep.course.backpropagation import Numbers, passes
from sweep.course.chain_rule import Definitions
from sweep.course.expression import Expression, Quantity, Value, call, compute, replace
from sweep.course.languages import Cells, Text
from sweep.course.snapshot import definitions_of, matching, notation_of, settings_of
from sweep.course.symbols import Glyph, Notation
from sweep.errors import RequestError
from sweep.store.export import EXCEL_COLUMNS
from sweep.study import Group, Record, Schedule, Study
from sweep.training.trainer import train

FORWARD = ("sum", "output", "term")
H = Quantity("difference")
STEP = 1e-5
"""h of the central differences, whose error, h^2 / 6 of the third derivative, is then about as
small as that of rounding, eps E / h."""


@dataclass(frozen=True)
class Column:
    """One column: a number a step, looked up by `key`, of a `part` of the derivation.

    `formula`, for people in `words`, is of quantities of the same row; of the row before, if it is
    what the step before leads to. A `gap` is the distance of a gradient from its check.
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


STEPS = 200
"""How many steps a worksheet has if nobody says."""
SHEETS, FORMULAS, LETTERS = 24, 1_500_000, 8192
"""The most trials, formulas in all, and characters of a formula (Excel's limit)."""


@dataclass(frozen=True)
class Trial:
    """One sheet: a trial's own rates and settings, those of one glyph once.

    `values` has for each column what it comes to, (steps + 1,) float64. Its numbers are not in its
    name, since they can be changed.
    """

    name: str
    settings: Mapping[Quantity, float]
    values: Mapping[Quantity, np.ndarray]


@dataclass(frozen=True)
class Plan:
    """All that a worksheet consists of: a sheet a trial, each with all `columns`.

    All share what is `given`: inputs, targets, initial parameters, multipliers. `telling` has the
    settings that tell trials apart, with the words for each.
    """

    title: str
    steps: int
    notation: Notation
    given: Mapping[Quantity, float]
    columns: Sequence[Column]
    trials: Sequence[Trial]
    telling: Mapping[Quantity, str]

    def heading(self, trial: Trial) -> str:
        """What tells a trial from the others, such as "learning rate 0.5"."""
        return ", ".join(f"{words} {trial.settings[q]:.6g}" for q, words in self.telling.items())


def plan_worksheet(study: Study, steps: int | None = None, wanted: Sequence[str] = ()) -> Plan:
    """What a worksheet of the trials of a study that have the `wanted` values consists of.

    Trained by the kernel; `wanted` is such as "training.optimizer=adam".

    Raises:
        RequestError: it does not fit into a spreadsheet; one line says why and what would.
    """
    group, index = _fitting(study, wanted)
    steps = min(group.steps, STEPS) if steps is None else steps
    if steps > group.steps:
        raise RequestError(
            f"--steps {steps}: {study.name} has {group.steps}; to train it further: "
            f"--set training.steps={steps}"
        )
    lanes, definitions = group.lanes(index), definitions_of(group, len(group.data.inputs))
    columns = Columns(definitions, notation_of(definitions, lanes))
    _refuse_large(study, columns, steps, len(index))
    everything = Record("every step", "every step")
    shorter = but(group, training=but(group.training, steps=steps), record=everything)
    parameters = train(shorter, index).parameters
    if (parameters[:, 0] != parameters[0, 0]).any() or np.ptp(lanes.multipliers, axis=1).any():
        raise RequestError(
            f"{study.name}: trials start from different weights or have different multipliers, "
            f"which the sheets of a worksheet share; {_choose_one(group)}"
        )
    trials = [
        _trial(study, group, columns, position, parameters[at], f"Trial {at + 1}")
        for at, position in enumerate(index.tolist())
    ]
    return Plan(
        title=study.title,
        steps=steps,
        notation=columns.notation,
        given=_given(definitions, parameters[0, 0], group, lanes.multipliers[:, 0]),
        columns=columns.all,
        trials=trials,
        telling=_telling(trials, columns.notation),
    )


def _fitting(study: Study, wanted: Sequence[str]) -> tuple[Group, np.ndarray]:
    """The one group of a study whose steps a spreadsheet can compute, and the trials meant."""
    found = list(matching(study, wanted))
    first = found[0][0]
    for name, value in first.labels.items():
        values = dict.fromkeys(str(group.labels[name]) for group, _ in found)
        if len(values) > 1:
            raise RequestError(
                f"{study.name}: a worksheet has the formulas of one {name}, and trials have "
                f"{', '.join(values)}; choose one: --trial {name}={value}"
            )
    index = np.concatenate([positions for _, positions in found])
    wrong = (
        (len(index) > SHEETS, f"{len(index):,} trials; at most {SHEETS} get a sheet each",
         _choose_one(first)),
        (first.training.dtype != "float64", "spreadsheets compute in float64",
         "--set 'training.dtype=\"float64\"'"),
        (first.batch.size is not None or first.batch.table is not None,
         "every row of a sheet sees all samples", "leave [batch] out"),
        (first.schedule != Schedule(), "a sheet's learning rate is one cell",
         "--set 'schedule.name=\"constant\"'"),
        (first.drifting, "a sheet's weights do not drift", "--set training.drift=0"),
        (first.training.stop != "never", "a sheet goes on to its last row",
         "--set 'training.stop=\"never\"'"),
        (first.network.n_parameters > EXCEL_COLUMNS // 8,
         f"{first.network.n_parameters:,} weights and biases are too many columns for a sheet",
         "use fewer neurons"),
    )  # fmt: skip
    for fault, reason, remedy in wrong:
        if fault:
            raise RequestError(f"{study.name}: {reason}; {remedy}")
    return first, index


def _choose_one(group: Group) -> str:
    """How fewer trials are asked for."""
    columns = group.columns(np.array([0]))
    parts = [f"--trial {name}={columns[name][0]}" for name in columns if len(columns[name])]
    return f"choose some, such as {' '.join(parts)}"


def _refuse_large(study: Study, columns: Columns, steps: int, trials: int) -> None:
    width = len(columns.all) + 2
    if width > EXCEL_COLUMNS:
        raise RequestError(
            f"{study.name}: {width:,} columns; a sheet has {EXCEL_COLUMNS:,}: use fewer neurons or "
            "samples"
        )
    longest = max(len(Cells(lambda q: "ABC1234").write(c.formula)) for c in columns.all)
    if longest > LETTERS:
        raise RequestError(
            f"{study.name}: a formula that checks a gradient has {longest:,} characters; a cell "
            f"takes {LETTERS:,}: use fewer neurons, layers or samples"
        )
    formulas = width * (steps + 1) * trials
    if formulas > FORMULAS:
        fit = FORMULAS // (width * trials) - 1
        remedy = f"--steps {fit}" if fit > 0 else "use fewer trials or neurons"
        raise RequestError(f"{study.name}: {formulas:,} formulas; at most {FORMULAS:,}: {remedy}")


def _trial(
    study: Study, group: Group, columns: Columns, position: int, parameters: np.ndarray, name: str
) -> Trial:
    steps, lane, data = len(parameters) - 1, group.lanes(np.array([position])), group.data
    multipliers = np.repeat(lane.multipliers, steps + 1, axis=1)
    arrays = passes(group.network, parameters, data.inputs, data.targets, multipliers)
    settings = settings_of(columns.definitions, lane)
    more = {H: STEP, Quantity("updates"): np.arange(1.0, steps + 2)}
    values = columns.values(Numbers(arrays, settings | more), steps)
    for column in columns.all:
        # What spreadsheets have no numbers for: infinity, NaN, and e^710 on the way there.
        found, takes_exp = values[column.key], column.key.kind == "sum"
        far = ~np.isfinite(found) | ((np.abs(found) > 700) & takes_exp)
        if far.any():
            raise RequestError(
                f"{study.name}: at {name} {column.title} leaves a spreadsheet's range at step "
                f"{int(far.argmax())}; ask for fewer --steps or another rate"
            )
    by_glyph: dict[Glyph, tuple[Quantity, float]] = {}
    for q, value in settings.items():
        by_glyph.setdefault(columns.notation(q), (q, value))
    return Trial(name, dict(by_glyph.values()), values)


def _telling(trials: Sequence[Trial], notation: Notation) -> dict[Quantity, str]:
    """The settings in which trials differ, or else the weights' rates, with the words for each."""
    settings = {q: {trial.settings[q] for trial in trials} for q in trials[0].settings}
    told = [q for q, values in settings.items() if len(values) > 1]
    told = told or [q for q in settings if q.kind == "rate"]
    words = {q: NUMBERS[q.kind].words if q.kind in NUMBERS else "learning rate" for q in told}
    text = Text(notation, 6)
    alike = list(words.values()).count("learning rate") > 1
    return {
        q: f"{said} {text.write(q)} =" if alike and said == "learning rate" else said
        for q, said in words.items()
    }


def _given(
    definitions: Definitions, first: np.ndarray, group: Group, multipliers: np.ndarray
) -> dict[Quantity, float]:
    found: dict[Quantity, float] = {}
    for kind, array in (("input", group.data.inputs), ("target", group.data.targets)):
        for (sample, at), value in np.ndenumerate(array):
            found[Quantity(kind, to=at + 1, sample=sample + 1)] = float(value)
    found |= zip(definitions.all_parameters, first.tolist(), strict=True)
    if definitions.multiplied:
        layers = enumerate(multipliers.tolist(), start=1)
        found |= {Quantity("multiplier", layer): m for layer, m in layers}
    return found
