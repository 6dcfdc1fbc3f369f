"""Samples on their way into training: made or stated, split, and scaled."""

import math
from dataclasses import replace

import numpy as np

from sweep.study.checks import counted
from sweep.study.elementary import words
from sweep.study.generated import GENERATED, Recipe, generate
from sweep.study.group import Data
from sweep.study.settings import DataFields, FieldError, Settings, ValidationFields

_SPLIT = 2**32  # the stream of the split: no set draws from it


def make_data(settings: Settings) -> tuple[Data, Data | None]:
    """The data of one group, and its validation data if it has any.

    First a share is split off, then targets become one-hot by all values there are, then both
    parts are scaled by the means and standard deviations of what is trained on.

    Raises:
        FieldError: fields of the data do not agree with each other or with the network.
    """
    whole = _source(settings)
    training, validation = _split(settings, whole)
    if settings.data.one_hot:
        classes = _classes(settings, whole)
        training = _one_hot(training, classes, "data.targets")
        validation = _one_hot(validation, classes, "validation.targets") if validation else None
    _check(settings, training, "data")
    if validation:
        _check(settings, validation, "validation")
    for part in ("inputs", "targets"):
        if settings.data.standardise in (part, "both"):
            training, validation = _standardised(part, training, validation)
    return training, validation


def _source(settings: Settings) -> Data:
    name, layers = settings.data.name, settings.network.layers
    if name is None:
        if settings.data.inputs is None and settings.data.targets is None:
            raise FieldError(
                "data", f"must state inputs and targets, a file, or a name: {', '.join(GENERATED)}"
            )
        return _paired(settings.data, "data")
    if name not in GENERATED:
        raise FieldError("axes.data.name", f'"{name}" is read, and cannot be one of several sets')
    one_hot = settings.data.one_hot
    recipe = Recipe(
        name,
        inputs=2 if name in ("spirals", "moons", "circles", "xor") else layers[0],
        outputs=layers[-1] if name in ("teacher", "white_noise") and not one_hot else 1,
        samples=settings.data.samples,
        noise=settings.data.noise,
        seed=settings.data.seed,
        hidden=settings.data.hidden,
    )
    try:
        return Data(*generate(recipe))
    except ValueError as error:
        raise FieldError("data.name", f'"{name}" {error}') from None


def _paired(stated: DataFields | ValidationFields, table: str) -> Data:
    inputs, targets = stated.inputs, stated.targets
    if inputs is None or targets is None:
        lacking, other = ("targets", "inputs") if targets is None else ("inputs", "targets")
        raise FieldError(f"{table}.{lacking}", f"is missing: {table}.{other} needs it")
    if len(inputs) != len(targets):
        raise FieldError(
            f"{table}.targets",
            f"has {counted(len(targets), 'sample')} and {table}.inputs has {len(inputs)}",
        )
    return Data(inputs, targets)


def _split(settings: Settings, whole: Data) -> tuple[Data, Data | None]:
    share = settings.validation.share
    if share is None:
        none = settings.validation.inputs is None and settings.validation.targets is None
        return whole, None if none else _paired(settings.validation, "validation")
    samples = len(whole.inputs)
    count = round(share * samples)
    if not 0 < count < samples:
        raise FieldError(
            "validation.share",
            f"of {share:g} sets {count} of {counted(samples, 'sample')} apart; both parts need one",
        )
    order = np.argsort(words(settings.validation.seed, _SPLIT, samples), kind="stable")
    apart = np.zeros(samples, bool)
    apart[order[:count]] = True
    return (
        Data(whole.inputs[~apart], whole.targets[~apart], np.flatnonzero(~apart)),
        Data(whole.inputs[apart], whole.targets[apart], np.flatnonzero(apart)),
    )


def _classes(settings: Settings, whole: Data) -> np.ndarray:
    columns, outputs = whole.targets.shape[1], settings.network.layers[-1]
    if columns != 1:
        raise FieldError("data.one_hot", f"needs one target a sample, not {columns}")
    classes = np.unique(whole.targets)
    if len(classes) != outputs:
        raise FieldError(
            "data.one_hot",
            f"makes {len(classes)} targets a sample, one for each value; "
            f"network.layers = {list(settings.network.layers)} wants {outputs}",
        )
    return classes


def _one_hot(samples: Data, classes: np.ndarray, name: str) -> Data:
    if samples.targets.shape[1] != 1 or not np.isin(samples.targets, classes).all():
        raise FieldError(name, "must have one target a sample, of values that data.targets has")
    return replace(samples, targets=(samples.targets == classes).astype(np.float64))


def _check(settings: Settings, samples: Data, table: str) -> None:
    layers = list(settings.network.layers)
    for part, array, size in (
        ("inputs", samples.inputs, layers[0]),
        ("targets", samples.targets, layers[-1]),
    ):
        if array.shape[1] != size:
            hint = ""
            if part == "targets" and array.shape[1] == 1 and not settings.data.one_hot:
                values = len(np.unique(array))
                hint = f"; data.one_hot = true makes one of each of its {values} values"
            raise FieldError(
                f"{table}.{part}",
                f"must have {counted(size, 'number')} a sample, as network.layers = {layers} "
                f"wants, not {array.shape[1]}{hint}",
            )


def _standardised(part: str, training: Data, validation: Data | None) -> tuple[Data, Data | None]:
    """Both with the columns of `part` of mean 0 and standard deviation 1 in training.

    Sums are those of `math.fsum`, which are correctly rounded whatever their order.
    """
    known = getattr(training, part)
    with np.errstate(all="ignore"):
        means = np.array([_sum(column) / len(known) for column in known.T])
        centred = known - means
        # By a power of two, which is exact, so that no square is too large or too small.
        exponents = np.frexp(np.abs(centred).max(axis=0))[1]
        squares = np.ldexp(centred, -exponents) ** 2
        variances = np.array([_sum(column) / len(known) for column in squares.T])
        spreads = np.ldexp(np.sqrt(variances), exponents)
        # A column of one value stays 0: what rounding leaves of it is not to be blown up.
        spreads = np.where(known.min(axis=0) == known.max(axis=0), np.inf, spreads)

        def scaled(samples: Data) -> Data:
            values = {"inputs": samples.inputs, "targets": samples.targets}
            values[part] = (values[part] - means) / spreads
            if not (np.isfinite(values[part]).all() and np.isfinite(means).all()):
                raise FieldError("data.standardise", f"finds {part} that are too large or close")
            return replace(samples, **values)

        return scaled(training), scaled(validation) if validation else None


def _sum(column: np.ndarray) -> float:
    try:
        return math.fsum(column.tolist())
    except (OverflowError, ValueError):
        return math.inf


def refuse_no_distribution(loss: str, data: Data, validation: Data | None) -> None:
    """Refuse targets that no output can reach, so that a cross-entropy falls below any target.

    Raises:
        FieldError: a target of `binary_cross_entropy` is not from 0 to 1, or those of a sample of
            `softmax_cross_entropy` are negative or do not add up to 1 but for 1e-6.
    """
    if "cross_entropy" not in loss:
        return
    for table, part in (("data", data), ("validation", validation)):
        if part is None:
            continue
        targets, wanted = part.targets, "from 0 to 1"
        wrong: np.ndarray = (targets < 0) | (targets > 1)
        if loss == "softmax_cross_entropy":
            sums = targets.sum(axis=1, keepdims=True)
            wrong = wrong | (np.abs(sums - 1) > 1e-6)
            wanted = "probabilities, which add up to 1 in every sample"
        rows = np.flatnonzero(wrong.any(axis=1))
        if len(rows):
            found = ", ".join(f"{target:g}" for target in targets[rows[0]][:5].tolist())
            raise FieldError(
                f"{table}.targets",
                f'must be {wanted} with "{loss}", not {found} in sample {rows[0]} (from 0)',
            )
