"""One question: a study, and the groups of trials that answer it."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from sweep.errors import RequestError
from sweep.study import checks
from sweep.study.axes import read_dimensions, read_where
from sweep.study.checks import counted
from sweep.study.document import MAX_BYTES, Document, refusal
from sweep.study.fields import FIELD, FIELDS, swept_field
from sweep.study.grid import Axis, Dimension
from sweep.study.group import Data, Group, Initial, Network
from sweep.study.keywords import Keywords, stated_by
from sweep.study.refining import shape_of_map
from sweep.study.resolve import refuse_idle, resolve_group, split
from sweep.study.samples import make_data, refuse_no_distribution
from sweep.study.settings import (
    REQUIRED,
    DataFields,
    Field,
    FieldError,
    Outcome,
    Record,
    Refine,
    Role,
    Settings,
    Training,
    ValidationFields,
)
from sweep.study.sources import with_files
from sweep.study.writing import card, study_toml

MAX_TRIALS = 10**12
MAX_NUMBERS = 16_000_000  # how many numbers the different data of all groups may have

_MAX_NAME = 200  # bytes, so that what is named after a study is no longer than systems allow
_MOST_KINDS = 3
_INLINE = 64  # numbers of samples that a saved study has among its fields


@dataclass(frozen=True)
class Plot:
    """How figures of a study look."""

    mark: Mapping[str, tuple[float, ...]]  # reference values of axes, drawn as lines
    inputs: tuple[str, ...] = ()  # what these are called; empty where that is not known
    outputs: tuple[str, ...] = ()  # likewise, or the classes if outputs are these


class Study:
    """One question, checked and complete: of the fields of a study file, as keywords.

    A list, an array, a range or a spacing, such as `sweep.log(1e-3, 10, 200)`, is several values to
    try; a tuple has one value a layer. `data` and `validation` are two arrays, inputs and targets,
    of any library, or `data` names a set; files are looked for from the current directory. `axes`
    has what keywords cannot name, as the file's table: `axes={"learning_rate.0": [0.1, 1]}`.

    Attributes:
        name: what its results are called after.
        settings: the canonical values of all fields.
        dimensions: the swept fields in file order; those points count at which `where` holds.
        origin: the file that it was read from, or None.

    `network`, `data`, ... are those of the first group; other groups differ in their `labels`.

    Raises:
        RequestError: the fields do not make a study; one line says which and why.
    """

    # What editors that ask the running program complete.
    __signature__ = Signature(
        [
            Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default="study", annotation=str),
            *(
                Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
                for name, kind in Keywords.__annotations__.items()
            ),
        ]
    )

    def __init__(self, name: str = "study", **fields: Unpack[Keywords]) -> None:
        document = with_files(stated_by(fields), Path.cwd())
        try:
            self._take(document, name, None)
            self.refuse_targets(document)
        except RequestError as error:
            if isinstance(fields.get("activation"), list) and "network.activation" in str(error):
                hint = "a list is an axis; a tuple has a value a layer"
                raise RequestError(f"{error}; {hint}") from None
            raise

    @classmethod
    def of(cls, document: Document, name: str, origin: Path | None = None) -> "Study":
        """The study that a document states; a RequestError if it is none."""
        study = cls.__new__(cls)
        study._take(document, name, origin)
        return study

    def _take(self, document: Document, name: str, origin: Path | None) -> None:
        _refuse_name(document.source, name)
        self.name, self.origin = name, origin
        self.dimensions = read_dimensions(document)
        swept = {axis.name for axis in self.axes}
        self.settings = Settings.of({one.name: _value(document, one, swept) for one in FIELDS})
        self.where = read_where(document, self.settings, self.dimensions)
        with document.telling():
            points = math.prod(map(len, self.dimensions))
            if points > MAX_TRIALS:
                raise FieldError("axes", f"make {points} trials; at most {MAX_TRIALS}")
            for group in self._groups:  # a study whose groups cannot be resolved is none
                if self.refine:
                    shape_of_map(group)
                    if self.refine.by == "validation_loss" and not group.validation:
                        raise FieldError("refine.by", '"validation_loss" needs validation data')
            for key in document.entries:
                if key in FIELD and (reason := self.idle(key)):
                    raise FieldError(key, reason)

    def refuse_targets(self, document: Document) -> None:
        """Refuse targets that the loss of a group cannot have."""
        with document.telling():
            for group in self._groups:
                refuse_no_distribution(group.network.loss, group.data, group.validation)

    def over(self, dimensions: Collection[Dimension]) -> "Study":
        """The same question of the points of these dimensions alone, all that is swept among them.

        Raises:
            RequestError: an axis or a value does not fit the study.
        """
        study = type(self).__new__(type(self))
        study.name, study.origin, study.where = self.name, self.origin, None
        study.settings, study.dimensions = self.settings, tuple(dimensions)
        try:
            study._groups  # noqa: B018 - as above
        except FieldError as error:
            raise RequestError(f"{error.name}: {error.problem}") from None
        return study

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The swept fields in file order."""
        return tuple(axis for dimension in self.dimensions for axis in dimension.axes)

    def __repr__(self) -> str:
        return f"<Study {self.name}: {self.trials:,} trials>"

    def _repr_html_(self) -> str:
        return card(self.title, {"study": self.name, **study_facts(self)})

    @property
    def title(self) -> str:
        """What the study asks, in words; its name if the file does not say."""
        return str(self.settings.values["title"] or self.name)

    @property
    def network(self) -> Network:
        """The network of the first group."""
        return self._groups[0].network

    @property
    def data(self) -> Data:
        """The data of the study."""
        return self._groups[0].data

    @property
    def initial(self) -> Initial:
        """Where the first group's training starts."""
        return self._groups[0].initial

    @property
    def training(self) -> Training:
        """How the first group is trained."""
        return self._groups[0].training

    @property
    def outcome(self) -> Outcome:
        """What the ends of the first group's trials are called."""
        return self._groups[0].outcome

    @property
    def record(self) -> Record:
        """What is recorded of the first group's trials."""
        return self._groups[0].record

    @property
    def refine(self) -> Refine | None:
        """How each group, a map, is trained from coarse to fine, if it is."""
        return self.settings.refine if self.settings.refine.depth else None

    @property
    def plot(self) -> Plot:
        """How figures of the study look."""
        return Plot(
            *(self.settings.values[f"plot.{name}"] for name in ("mark", "inputs", "outputs"))
        )

    @property
    def trials(self) -> int:
        """How many trials the study has."""
        return sum(group.trials for group in self._groups)

    def groups(self) -> tuple[Group, ...]:
        """The groups in grid order, the last of the axes that split them running fastest."""
        return self._groups

    def idle(self, name: str) -> str:
        """Why the field `name` has no effect in any group, or nothing."""
        field = FIELD[name]
        reasons = [field.idle(settings) for settings in self.settings_of_groups]
        if all(reasons):
            return reasons[0]
        overshadowed = field.each and all(_overshadowed(field, group) for group in self._groups)
        return f"has no effect: every {field.each} has a value of its own" if overshadowed else ""

    def to_toml(self, *, described: bool = False) -> str:
        """The study as a file that states everything: every default and every axis's values.

        Parsing it gives the same groups, to the bit. Whole numbers at equal distances may be
        stated as a range, and if `described` all axes as they were.
        """
        return self._toml({}, described=described)

    def save(self, file: str | Path) -> list[Path]:
        """Write the study to a new TOML file, and larger data to files beside it; return them.

        Reading it gives the same study, digests and all, by the file's name.

        Raises:
            RequestError: a file exists already, or cannot be written.
        """
        path = checks.asked("file", checks.path, file)
        if path.suffix != ".toml":
            raise RequestError(f"{path}: the file of a study must end in .toml")
        _refuse_name(str(path), path.stem)
        arrays, stated = self._arrays(path.stem)
        text = self._toml(stated, described=True)
        if len(text) > MAX_BYTES:
            raise RequestError(
                f"{path}: would be longer than {MAX_BYTES} characters; describe values by a "
                "spacing such as sweep.log(1e-3, 10, 200)"
            )
        made = [path, *(path.parent / name for name in arrays)]
        for one in made:
            if one.exists():
                raise RequestError(f"{one}: exists already; choose another name")
        try:
            for name, array in arrays.items():
                np.save(path.parent / name, array)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RequestError(f"{path}: cannot be written: {error.strerror or error}") from None
        return made

    def _arrays(self, stem: str) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        """What is better kept in files, by their names, and what to state in its place."""
        tables: dict[str, DataFields | ValidationFields] = {
            "data": self.settings.data,
            "validation": self.settings.validation,
        }
        pairs = {
            table: np.concatenate([stated.inputs, stated.targets], axis=1)
            for table, stated in tables.items()
            if stated.inputs is not None and stated.targets is not None
        }
        arrays: dict[str, np.ndarray] = {}
        given: dict[str, object] = {}

        def keep(part: str, array: np.ndarray, field: str, *instead_of: str) -> None:
            arrays[f"{stem}-{part}.npy"] = array
            given.update(dict.fromkeys(instead_of) | {field: f"{stem}-{part}.npy"})

        if max((pair.size for pair in pairs.values()), default=0) > _INLINE:
            for table, pair in pairs.items():
                keep(table, pair, f"{table}.file", f"{table}.inputs", f"{table}.targets")
                columns = tables[table].targets
                assert columns is not None
                given["data.target_columns"] = [*range(pair.shape[1])][-columns.shape[1] :]
        initial, network = self.settings.initial, self.settings.network
        flat = np.array([])
        if initial.weights and network.width is None and network.depth is None:
            flat = np.concatenate([one.ravel() for one in initial.weights])
        for part, array, *fields in (
            ("weights", flat, "initial.file", "initial.weights"),
            ("directions", initial.direction, "initial.direction"),
            ("batches", self.settings.batch.table, "batch.file", "batch.table"),
        ):
            if isinstance(array, np.ndarray) and array.size > _INLINE:
                keep(part, array, *fields)
        return arrays, given

    def _toml(self, instead: dict[str, object], *, described: bool) -> str:
        swept = {axis.name for axis in self.axes}
        values = {name: self._value(FIELD[name], swept) for name in self.settings.values} | instead
        stated = {name: value for name, value in values.items() if value is not None}
        where = self.where.text if self.where else ""
        return study_toml(stated, self.dimensions, where, described=described)

    def _value(self, field: Field, swept: Collection[str]) -> Any:
        """The value of a field, also where others give it; None if it has none or several."""
        if field.axis in swept or self.idle(field.name):
            return None
        value = self.settings.values[field.name]
        if value is not None or not callable(field.default):
            return value
        found = {field.default(one) for one in self.settings_of_groups if not field.idle(one)}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        groups: list[Group] = []
        made: dict[tuple[Any, ...], tuple[Data, Data | None]] = {}
        for labels, grid in split(self.dimensions, self.settings, self.where):
            found = self.settings | labels
            key = tuple(found.values[one.name] for one in FIELDS if one.role is Role.DATA)
            if key not in made:
                made[key] = make_data(found)
                _refuse_large(made.values())
            groups.append(resolve_group(found, labels, grid, *made[key]))
        refuse_idle(self.axes, groups)
        return tuple(replace(one, grid=one.grid.narrowed(list(one.idle))) for one in groups)

    @cached_property
    def settings_of_groups(self) -> list[Settings]:
        """The settings of each group."""
        return [self.settings | group.labels for group in self._groups]


def _refuse_name(where: str, name: object) -> None:
    """Refuse what cannot be the name of a study and of its folder."""
    fits = (
        isinstance(name, str)
        and name.isprintable()
        and name == name.strip(" .")
        and not {"/", "\\"} & {*name}
        and 1 <= len(name.encode()) <= _MAX_NAME
    )
    if not fits:
        raise refusal(
            where,
            f"the study's name, the file's stem, must be of 1 to {_MAX_NAME} bytes of letters, "
            "digits, spaces and signs but / and \\, and not start or end with a space or a dot",
        )


def _value(document: Document, field: Field, swept: Collection[str]) -> object:
    """The canonical value of `field`; None if an axis or other fields will give it."""
    if field.name not in document.entries:
        if field.default is not REQUIRED:
            return None if callable(field.default) else field.default
        if field.axis in swept:
            return None
        raise document.refuse(field.name, "is missing")
    value = document.entries[field.name].value
    if isinstance(value, np.ndarray):  # which was checked when it was read
        return value
    with document.telling(field.name):
        return field.check(value)


def _refuse_large(made: Collection[tuple[Data, Data | None]]) -> None:
    parts = (part for pair in made for part in pair if part is not None)
    numbers = sum(part.inputs.size + part.targets.size for part in parts)
    if numbers > MAX_NUMBERS:
        raise FieldError("data", f"has {numbers} numbers in all groups; at most {MAX_NUMBERS}")


def _overshadowed(field: Field, group: Group) -> bool:
    """Whether axes of single layers go before whatever the field states."""
    used = set(group.sources.values()) & set(group.fixed)
    return all(swept_field(name) != field for name in used)


def study_facts(study: Study) -> dict[str, str]:
    """Return what is trained, how and what is swept, in a few words each."""
    groups = study.groups()
    validation = [_samples(one.validation) if one.validation else "none" for one in groups]
    return {
        "network": _joined(
            f"{'-'.join(map(str, one.network.layers))}, {_joined(one.network.activations)}, "
            f"{one.network.loss}"
            for one in groups
        ),
        "data": _joined(map(_data_in_words, groups, study.settings_of_groups)),
        "batches": _joined(
            f"{counted(one.batch.size or 0, 'sample')} each step, by {one.batch.order}"
            if one.batched
            else "all samples each step"
            for one in groups
        ),
        **({"validation": _joined(validation)} if {*validation} != {"none"} else {}),
        "training": _joined(
            f"{counted(one.steps, 'step')} of {one.training.optimizer} in {one.training.dtype}"
            for one in groups
        ),
        **{axis.name: axis.in_words for axis in study.axes},
        **({"where": study.where.text} if study.where else {}),
        "trials": f"{study.trials:,}" + (f" in {len(groups):,} groups" * (len(groups) > 1)),
    }


def _data_in_words(group: Group, settings: Settings) -> str:
    """The name or the file of a group's data, if it has one, and how many samples it has."""
    name = settings.data.name or Path(settings.data.file or "").name
    return f"{name}, {_samples(group.data)}" if name else _samples(group.data)


def _samples(data: Data) -> str:
    return counted(len(data.inputs), "sample")


def _joined(found: Iterable[str]) -> str:
    """Return what all have in common once, what differs side by side, or how many there are."""
    different = list(dict.fromkeys(found))
    if len(different) > _MOST_KINDS:
        return f"{len(different)} kinds, such as {different[0]}"
    return " / ".join(different)
