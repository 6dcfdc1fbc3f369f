"""A study in Python's own words: keywords, arrays and spacings become what a file would state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from sweep.study.checks import one_line, show
from sweep.study.document import Document, gathered, refusal
from sweep.study.fields import FIELDS, meant
from sweep.study.settings import Field
from sweep.study.sources import places


@dataclass(frozen=True)
class Spacing:
    """Values to try, as the `table` that a study file has for them."""

    table: Mapping[str, object]


def log(
    low: float,
    high: float,
    num: int | None = None,
    *,
    level: int | None = None,
    first: int | None = None,
    random: int | None = None,
    sobol: int | None = None,
    seed: int | None = None,
) -> Spacing:
    """`num` values from `low` to `high`, evenly in the logarithm; or as many drawn between them.

    `random` or `sobol` is how many are drawn, from `seed`. With `level` they are
    `num` points from number `first` on of the lattice of 2^level equal cells, of which every second
    point is one of the level before. Of the same bits on every machine.
    """
    return _spacing("log", (low, high), num, level=level, first=first,
                    random=random, sobol=sobol, seed=seed)  # fmt: skip


def linear(
    low: float,
    high: float,
    num: int | None = None,
    *,
    level: int | None = None,
    first: int | None = None,
    random: int | None = None,
    sobol: int | None = None,
    seed: int | None = None,
) -> Spacing:
    """`num` values from `low` to `high`, evenly; or as many drawn, or of a lattice, as in `log`."""
    return _spacing("linear", (low, high), num, level=level, first=first,
                    random=random, sobol=sobol, seed=seed)  # fmt: skip


def geometric(first: float, factor: float, num: int) -> Spacing:
    """`num` values from `first` on, each `factor` times the one before."""
    return _spacing("geometric", (first, factor), num)


def _spacing(kind: str, ends: tuple[float, float], num: int | None, **more: int | None) -> Spacing:
    counts = {"num": num, **more}
    stated = {name: count for name, count in counts.items() if count is not None}
    return Spacing({kind: list(ends), **stated})


Number = float | Sequence[float] | np.ndarray | Spacing
"""A number; a list, an array, a range or a spacing to try; or a tuple, one a layer or direction."""

Whole = int | Sequence[int] | np.ndarray | Spacing  # a whole number, or several to try
Text = str | Sequence[str]  # a name, or a list of names to try

Samples = tuple[ArrayLike, ArrayLike]
"""Inputs (samples, inputs) and targets (samples, outputs), of any library: a row a sample."""


class Keywords(TypedDict, total=False):
    """The fields of a study file as keywords.

    Those of the tables `network`, `initial`, `training` and `outcome` have their own names, `data`
    and `schedule` name a set and a schedule, all others have their table's name before theirs.
    """

    title: str
    layers: Sequence[int]
    activation: Text
    bias: bool | Sequence[bool]
    loss: Text
    width: Whole
    depth: Whole
    multiplier: Number
    data: Samples | Text
    data_file: str | Path
    data_input_columns: Sequence[str | int]
    data_target_columns: Sequence[str | int]
    data_samples: Whole
    data_noise: Number
    data_seed: Whole
    data_hidden: Sequence[int]
    data_one_hot: bool
    data_standardise: Text
    validation: Samples
    validation_file: str | Path
    validation_share: Number
    validation_seed: Whole
    weights: Sequence[ArrayLike]
    initial_file: str | Path
    biases: Sequence[ArrayLike]
    scheme: Text
    scale: Number
    seed: Whole
    offset: Number
    direction: int | str | Path | Sequence[int] | Sequence[ArrayLike]
    along: Number
    batch_file: str | Path
    batch_table: ArrayLike
    batch_size: Whole
    batch_order: Text
    batch_seed: Whole
    batch_measured: Text
    steps: Whole
    optimizer: Text
    dtype: Text
    stop: Text
    learning_rate: Number
    bias_learning_rate: Number
    drift: Number
    momentum: Number
    alpha: Number
    beta1: Number
    beta2: Number
    epsilon: Number
    weight_decay: Number
    clip_norm: Number
    schedule: Text
    schedule_warmup: Whole
    schedule_every: Whole
    schedule_gamma: Number
    schedule_final: Number
    target: Number
    diverged_above: Number
    rule: Text
    record_loss: Text
    record_parameters: Text
    record_measures: Sequence[str]
    refine_depth: int
    refine_by: str
    refine_factor: float
    plot_mark: Mapping[str, Sequence[float]]
    plot_inputs: Sequence[str]
    plot_outputs: Sequence[str]
    axes: Mapping[str, object]
    where: str
    repeats: int


_OF_POINTS = ("axes", "where", "repeats")


def keyword_of(field: str) -> str:
    """The keyword of a field, by its dotted name."""
    table, _, name = field.rpartition(".")
    if table in ("", "network", "initial", "training", "outcome") and name != "file":
        return name
    return table if name == "name" else f"{table}_{name}"


KEYWORDS: Mapping[str, Field] = {keyword_of(field.name): field for field in FIELDS}


def stated_by(keywords: Mapping[str, object]) -> Document:
    """What keywords state, as a document whose RequestErrors name them."""
    tree: dict[str, object] = {}
    told: dict[str, str] = {}
    try:
        classes = _classes(keywords)
    except ValueError as error:
        raise refusal("sweep.Study(data=...)", str(error)) from None
    for keyword, value in keywords.items():
        where = f"sweep.Study({one_line(keyword, 80)}=...)"
        if value is None:
            continue
        try:
            stated = _entries(keyword, value, classes)
        except ValueError as error:
            raise refusal(where, str(error)) from None
        for path, plain in stated.items():
            if path in tree:
                raise refusal(where, f"{path}: is already stated; keep one of them")
            tree[path], told[path] = plain, where
    for name, called in _called(keywords, classes).items():
        tree.setdefault(f"plot.{name}", called)

    def where_is(path: str) -> str:
        while path not in told and "." in path:
            path = path.rpartition(".")[0]
        return told.get(path, "sweep.Study(...)")

    return Document("sweep.Study(...)", gathered(tree, where_is), ())


def _classes(keywords: Mapping[str, Any]) -> np.ndarray | None:
    """The labels that the targets of the data have, ascending, if these are texts to tell apart."""
    pair = keywords.get("data")
    if not keywords.get("data_one_hot") or not isinstance(pair, tuple) or len(pair) != 2:
        return None
    labels = _vector(pair[1])
    texts = [isinstance(one, str) for one in labels.flat]
    if labels.ndim != 1 or not any(texts):
        return None
    if not all(texts):
        row = texts.index(False)
        raise ValueError(
            f"targets must be texts or numbers alone, not {show(labels[row])} in row {row}"
        )
    return places(labels, None, "targets")[1]


def _vector(value: Any) -> np.ndarray:
    """An array, if it has one column as a vector, texts as objects."""
    array = _array(value)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    return array.astype(object) if array.dtype.kind in "UT" else array


def _called(keywords: Mapping[str, Any], classes: np.ndarray | None) -> dict[str, list[str]]:
    """What inputs and outputs are called where they are tables; outputs that are classes aside."""
    pair = keywords.get("data")
    found = {}
    if isinstance(pair, tuple) and len(pair) == 2:
        for name, table in zip(("inputs", "outputs"), pair, strict=True):
            name_of_one = getattr(table, "name", None)  # of a column by itself
            columns = [*getattr(table, "columns", [name_of_one] if name_of_one else ())]
            numbered = name == "outputs" and keywords.get("data_one_hot")
            if columns and all(isinstance(one, str) for one in columns) and not numbered:
                found[name] = columns
    if classes is not None:
        found["outputs"] = [*map(str, classes)]
    return found


def _entries(keyword: str, value: Any, classes: np.ndarray | None) -> dict[str, object]:
    """The values by dotted names that a keyword states."""
    names = isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )
    if keyword == "validation" or (keyword == "data" and not names):
        if not isinstance(value, tuple) or len(value) != 2:
            raise ValueError(f"must be two arrays, (inputs, targets), not {show(_plain(value))}")
        inputs, targets = value
        if classes is not None:
            targets = places(_vector(targets), classes, "targets", "data")[0]
        parts = ("inputs", inputs), ("targets", targets)
        return {f"{keyword}.{part}": _samples(part, array) for part, array in parts}
    if keyword == "axes":
        plain = _plain(value)
        if not isinstance(plain, dict):
            raise ValueError(f"must be a dictionary of axes, not {show(plain)}")
        return {f"axes.{name}": one for name, one in plain.items()}
    if keyword in _OF_POINTS:
        return {f"axes.{keyword}": _plain(value)}
    if keyword not in KEYWORDS:
        called = {field.name: name for name, field in KEYWORDS.items()}
        raise ValueError(f"is not a field of a study{meant(keyword, called)}")
    field, plain = KEYWORDS[keyword], _plain(value)
    each = isinstance(value, tuple) and (field.each or field.name == "network.activation")
    swept = field.swept and isinstance(plain, list | dict) and not each
    return {f"axes.{field.axis}" if swept else field.name: plain}


def _plain(value: Any) -> Any:
    """A value as TOML has it: lists, tables, text, numbers and truth values."""
    if isinstance(value, Spacing):
        value = value.table
    elif isinstance(value, range):
        value = {"range": [value.start, value.stop, value.step]}
    elif any(hasattr(value, f"__{way}__") for way in ("array", "dlpack", "dataframe")):
        value = _array(value).tolist()  # scalars of NumPy too
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _array(value: Any) -> np.ndarray:
    """An array of any library, by the protocols for exchanging them."""
    if np.ma.is_masked(value):
        raise ValueError("has masked entries; every one needs a number")
    try:
        if hasattr(value, "__array__") or isinstance(value, list | tuple):
            return np.asarray(value)
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
        if hasattr(value, "__dataframe__"):
            from pyarrow.interchange import from_dataframe  # noqa: PLC0415 - few need it

            return np.stack([one.to_numpy() for one in from_dataframe(value).columns], axis=1)
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"cannot be read as an array: {first}") from None
    raise ValueError(f"must be an array, not {show(value)}")


def _samples(part: str, value: Any) -> np.ndarray:
    """(samples, columns) float64, read-only, of an array; a vector is one column."""
    array = _array(value)
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{part} must have a row a sample, not the shape {list(array.shape)}")
    if array.dtype.kind not in "biuf":
        array = _numbers(part, array)
    found = np.array(array, np.float64, order="C")
    if array.dtype.kind in "iu" and (found.astype(array.dtype) != array).any():
        raise ValueError(f"{part} must be at most 2^53 or a float64")
    wrong = np.argwhere(~np.isfinite(found))
    if len(wrong):
        row, column = wrong[0].tolist()
        raise ValueError(
            f"{part} must be finite numbers, not {found[row, column]} in row {row}, column {column}"
        )
    found.setflags(write=False)
    return found


def _numbers(part: str, array: np.ndarray) -> np.ndarray:
    """Those of a table of columns of several kinds."""
    for (row, column), one in np.ndenumerate(array):
        real = isinstance(one, int | float | np.integer | np.floating | np.bool_)
        if not real or isinstance(one, np.timedelta64):
            hint = "; data_one_hot=True makes a target of each of its values"
            hint = hint if part == "targets" and isinstance(one, str) else ""
            raise ValueError(
                f"{part} must be numbers, not {show(one)} in row {row}, column {column}{hint}"
            )
    return array.astype(np.float64)
