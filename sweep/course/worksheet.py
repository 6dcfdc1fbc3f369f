"""A study as a spreadsheet that computes: which studies fit, and what goes into its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sweep.catalogue import NUMBERS
from sweep.course.backpropagation import Numbers, passes
from sweep.course.chain_rule import Definitions
from sweep.course.expression import Quantity
from sweep.course.languages import Cells, Text
from sweep.course.sheet_columns import STEP, Column, Columns, H
from sweep.course.snapshot import definitions_of, matching, notation_of, settings_of
from sweep.course.symbols import Glyph, Notation
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
        name: of the sheet; without its numbers, which can be changed.
        settings: its rates and settings by quantity, those of one glyph once.
        values: (steps + 1,) float64 for each column.
    """

    name: str
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
        telling: the settings that tell trials apart, with the words for each.
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
    shorter = replace(group, training=replace(group.training, steps=steps), record=everything)
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
