"""A study as a spreadsheet that computes: which studies fit, and what goes into its cells."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sweep.catalogue import OPTIMIZERS
from sweep.course.backpropagation import Numbers, passes
from sweep.course.chain_rule import Definitions
from sweep.course.expression import Quantity, Value
from sweep.course.languages import Cells
from sweep.course.sheet_columns import STEP, Column, Columns, H
from sweep.course.snapshot import definitions_of, notation_of, rates_of
from sweep.course.symbols import Notation
from sweep.errors import RequestError
from sweep.store.export import EXCEL_COLUMNS
from sweep.study import Group, Record, Schedule, Study
from sweep.training.trainer import train

STEPS = 200
"""How many steps a worksheet has if nobody says."""
SHEETS, FORMULAS, LETTERS = 24, 1_500_000, 8192
"""The most trials, formulas in all, and characters of a formula (Excel's limit)."""


@dataclass(frozen=True)
class Trial:
    """One sheet: a trial's own numbers, and what its columns come to.

    Attributes:
        name: of the sheet.
        title: what tells it from the others, in words.
        settings: its rates and settings by quantity, those of one glyph once.
        values: (steps + 1,) float64 for each column.
    """

    name: str
    title: str
    settings: Mapping[Quantity, float]
    values: Mapping[Quantity, np.ndarray]


@dataclass(frozen=True)
class Plan:
    """All that a worksheet consists of.

    Attributes:
        title: of the study.
        steps: how many updates.
        notation: how quantities are called.
        given: what all trials share: inputs, targets, initial parameters, multipliers.
        columns: of every sheet.
        trials: a sheet each.
    """

    title: str
    steps: int
    notation: Notation
    given: Mapping[Quantity, float]
    columns: Sequence[Column]
    trials: Sequence[Trial]


def plan_worksheet(study: Study, steps: int | None = None) -> Plan:
    """What a worksheet of a study consists of, trained by the kernel.

    Raises:
        RequestError: it does not fit into a spreadsheet; one line says why and what would.
    """
    group = _fitting(study)
    steps = min(group.steps, STEPS) if steps is None else steps
    if steps > group.steps:
        raise RequestError(f"--steps {steps}: {study.name} has {group.steps}")
    index, samples = np.arange(group.trials), len(group.data.inputs)
    lanes, definitions = group.lanes(index), definitions_of(group, samples)
    notation = notation_of(definitions, lanes.weight_rates, lanes.bias_rates)
    columns = Columns(definitions, notation)
    _refuse_large(study, columns, steps)
    everything = Record("every step", "every step")
    shorter = replace(group, training=replace(group.training, steps=steps), record=everything)
    parameters = train(shorter, index).parameters
    if (parameters[:, 0] != parameters[0, 0]).any() or np.ptp(lanes.multipliers, axis=1).any():
        raise RequestError(
            f"{study.name}: trials start from different weights or have different multipliers, "
            "which the sheets of a worksheet share; choose some with --set"
        )
    trials = [
        _trial(study, group, columns, position, parameters[position]) for position in index.tolist()
    ]
    return Plan(
        title=study.title,
        steps=steps,
        notation=notation,
        given=_given(definitions, trials[0].values, group, lanes.multipliers[:, 0]),
        columns=columns.all,
        trials=_renamed(trials),
    )


def _fitting(study: Study) -> Group:
    """The one group of a study whose steps a spreadsheet can compute."""
    first, *others = study.groups()
    wrong = (
        (bool(others), "its trials differ in more than numbers", "choose one group"),
        (study.trials > SHEETS, f"{study.trials:,} trials; at most {SHEETS} get a sheet each",
         "choose some, such as --set axes.learning_rate=[0.5]"),
        (first.training.dtype != "float64", "spreadsheets compute in float64",
         "--set 'training.dtype=\"float64\"'"),
        (first.batch.size is not None or first.batch.table is not None,
         "every row of a sheet sees all samples", "leave [batch] out"),
        (first.schedule != Schedule(), "a sheet's learning rate is one cell",
         "--set 'schedule.name=\"constant\"'"),
        (first.training.stop != "never", "a sheet goes on to its last row",
         "--set 'training.stop=\"never\"'"),
    )  # fmt: skip
    for fault, reason, remedy in wrong:
        if fault:
            raise RequestError(f"{study.name}: {reason}; {remedy}")
    if first.network.n_parameters > EXCEL_COLUMNS // 8:
        raise RequestError(
            f"{study.name}: {first.network.n_parameters:,} weights and biases are too many columns "
            "for a sheet; use fewer neurons"
        )
    return first


def _refuse_large(study: Study, columns: Columns, steps: int) -> None:
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
    formulas = width * (steps + 1) * study.trials
    if formulas > FORMULAS:
        fit = FORMULAS // (width * study.trials) - 1
        remedy = f"--steps {fit}" if fit > 0 else "use fewer trials or neurons"
        raise RequestError(f"{study.name}: {formulas:,} formulas; at most {FORMULAS:,}: {remedy}")


def _trial(
    study: Study, group: Group, columns: Columns, position: int, parameters: np.ndarray
) -> Trial:
    steps, index = len(parameters) - 1, np.array([position])
    lane, definitions = group.lanes(index), columns.definitions
    multipliers = np.repeat(lane.multipliers, steps + 1, axis=1)
    data = group.data
    both = passes(group.network, parameters, data.inputs, data.targets, multipliers)
    settings = rates_of(definitions, lane.weight_rates[:, 0], lane.bias_rates[:, 0])
    names = OPTIMIZERS[definitions.optimizer].numbers
    names += ("weight_decay",) * definitions.decayed + ("clip_norm",) * definitions.clipped
    settings |= {Quantity(name): float(lane.hyper[name][0]) for name in names}
    more = {H: STEP, Quantity("updates"): np.arange(1.0, steps + 2)}
    values = columns.values(Numbers(both, {**settings, **more}), steps)
    axes = group.columns(index)
    words = [f"{name} {axes[name][0]:.6g}" for name in axes if axes[name].dtype != object]
    title = ", ".join(words) or study.name
    for column in columns.all:
        _refuse_infinite(study, title, column, values[column.key])
    own = {q: v for q, v in settings.items() if _needed(q, group)}
    by_glyph = {columns.notation(q): (q, float(v)) for q, v in reversed(own.items())}
    return Trial(title, title, dict(reversed(by_glyph.values())), values)


def _needed(q: Quantity, group: Group) -> bool:
    return group.network.bias or q.kind != "bias_rate"


def _refuse_infinite(study: Study, title: str, column: Column, values: Value) -> None:
    """Refuse what spreadsheets have no numbers for: infinity, NaN, and e^710 on the way there."""
    far = ~np.isfinite(values) | ((np.abs(values) > 700) & (column.key.kind == "sum"))
    if far.any():
        raise RequestError(
            f"{study.name}: at {title} {column.title} leaves a spreadsheet's range at step "
            f"{int(far.argmax())}; ask for fewer --steps or another rate"
        )


def _given(
    definitions: Definitions,
    first: Mapping[Quantity, np.ndarray],
    group: Group,
    multipliers: np.ndarray,
) -> dict[Quantity, float]:
    found: dict[Quantity, float] = {}
    for sample, (inputs, targets) in enumerate(
        zip(group.data.inputs.tolist(), group.data.targets.tolist(), strict=True), start=1
    ):
        for at, value in enumerate(inputs, start=1):
            found[Quantity("input", to=at, sample=sample)] = value
        for at, value in enumerate(targets, start=1):
            found[Quantity("target", to=at, sample=sample)] = value
    found |= {p: float(first[p][0]) for p in definitions.all_parameters}
    if definitions.multiplied:
        layers = enumerate(multipliers.tolist(), start=1)
        found |= {Quantity("multiplier", layer): m for layer, m in layers}
    return found


def _renamed(trials: Sequence[Trial]) -> list[Trial]:
    """The trials with names that a spreadsheet takes for its sheets, all different."""
    found: list[Trial] = []
    for number, trial in enumerate(trials, start=1):
        name = re.sub(r"[\[\]:*?/\\']", " ", trial.name.replace("learning_rate", "rate")).strip()
        if len(name) > 31 or not name or name.lower() in {one.name.lower() for one in found}:
            name = f"{name[:24].strip()} ({number})"
        found.append(replace(trial, name=name))
    return found
