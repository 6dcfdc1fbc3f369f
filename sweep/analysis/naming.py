"""Names and values of axes: as they are read, and as they are asked for, by one grammar.

A choice is NAME=VALUE. A name is an axis's own or its last part where only one axis ends so:
`training.optimizer` or `optimizer`; groups are named in the same words.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from sweep.errors import RequestError
from sweep.study.checks import nearest

CLOSE = 5e-4
"""A number as figures show it, in four digits, is that number: so much apart, relatively."""

MOST_LISTED = 20  # how many values a message lists


def number(value: float) -> str:
    """A number in four digits."""
    return f"{value:.4g}"


def plain(value: object) -> str:
    """A value of an axis as it is read."""
    return number(float(value)) if isinstance(value, float | np.floating) else str(value)


def short_name(name: str, names: Iterable[str]) -> str:
    """The last part of an axis's name, if that is a word and no other axis ends in it."""
    last = name.rpartition(".")[2]
    alone = sum(other.rpartition(".")[2] == last for other in names) == 1
    return last if alone and not last.isdigit() else name


def telling(groups: pd.DataFrame) -> list[str]:
    """The axes that tell groups apart: without those that follow from the ones before, in a zip."""
    found: list[str] = []
    known = 1
    for name in groups.columns:
        if (combinations := len(groups[[*found, name]].drop_duplicates())) > known:
            found, known = [*found, str(name)], combinations
    return found


def group_names(
    groups: pd.DataFrame, which: Iterable[int] | None = None, axes: Iterable[str] | None = None
) -> list[str]:
    """What sets groups, all or some by their rows, apart: "optimizer = adam, momentum = 0.9".

    Each is named by its values of `axes`, by default those that tell the groups apart.
    """
    axes = telling(groups) if axes is None else axes
    short = {name: short_name(name, map(str, groups)) for name in axes}
    return [
        ", ".join(f"{said} = {plain(groups[name].iloc[at])}" for name, said in short.items())
        for at in (range(len(groups)) if which is None else which)
    ]


def named_axis(name: str, axes: Iterable[str], option: str) -> str:
    """The axis that a name stands for.

    Raises:
        RequestError: there is none, or the name could be that of several; begins with `option`.
    """
    axes = list(axes)
    found = [axis for axis in axes if axis.endswith(f".{name}")]
    if name in axes or len(found) == 1:
        return name if name in axes else found[0]
    if found:
        raise RequestError(f'{option}: "{name}" may be {" or ".join(found)}: say which')
    near, have = nearest(name, axes), ", ".join(axes) or "none"
    raise RequestError(f'{option}: no axis is called "{name}"{near}; there are {have}')


def named(option: str, value: object) -> str | None:
    """A name that is asked for, or None.

    Raises:
        RequestError: it is something else than a text.
    """
    if value is None or isinstance(value, str):
        return value
    raise RequestError(f"{option}: must be a name, not {value!r}")


def texts(value: str | Iterable[str], option: str = "--only") -> tuple[str, ...]:
    """One text or several, as a tuple.

    Raises:
        RequestError: it is something else.
    """
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, Iterable) or not all(isinstance(one, str) for one in (*found,)):
        raise RequestError(f"{option}: must be NAME=VALUE or a list of such texts, not {value!r}")
    return tuple(found)


def choose(
    only: str | Iterable[str],
    axes: Mapping[str, np.ndarray],
    option: str = "--only",
    remedy: str = "",
) -> dict[str, list[object]]:
    """The chosen values of each axis that is named: what `only`, texts of NAME=VALUE, ask for.

    `axes` are the values of each axis. A name that comes twice has both values. Whole numbers and
    text match exactly, other numbers the nearest value that is the same in four digits.
    What to do where an axis has no such number, the `remedy`, ends what is said of it.

    Raises:
        RequestError: a text is no NAME=VALUE, or there is no such axis or value.
    """
    found: dict[str, list[object]] = {}
    for text in texts(only, option):
        name, sign, stated = (part.strip() for part in text.partition("="))
        if not sign or not stated:
            have = ", ".join(axes) or "none"
            raise RequestError(f"{option} {text}: must be NAME=VALUE; axes: {have}")
        axis = named_axis(name, axes, option)
        stated = stated.strip("\"'")
        told = remedy.format(axis=axis, value=stated)
        value = _value(f"{option} {text}", stated, np.asarray(axes[axis]), told)
        found.setdefault(axis, []).append(value)
    return found


def narrowed(trials: pd.DataFrame, axes: Sequence[str], only: str | Iterable[str]) -> pd.DataFrame:
    """The trials with the chosen values, of a table with a column an axis.

    Raises:
        RequestError: as for `choose`; or no trial has all these values.
    """
    if not (only := texts(only)):
        return trials
    values = {name: np.asarray(pd.unique(trials[name])) for name in axes}
    kept = trials
    for name, chosen in choose(only, values).items():
        kept = kept[kept[name].isin(chosen)]
    if kept.empty:
        raise RequestError(f"--only: no trial has {' and '.join(only)}")
    return kept.reset_index(drop=True)


def _value(asked: str, stated: str, values: np.ndarray, remedy: str) -> object:
    """The value that is stated; `asked` begins what is said if there is none."""
    if values.dtype.kind not in "iuf":
        known = {str(value): value for value in values.tolist()}
        folded = {text.lower(): value for text, value in known.items()} | known
        for text in (stated, stated.lower()):
            if text in folded:
                return folded[text]
        listed = ", ".join(list(known)[:MOST_LISTED]) + ", ..." * (len(known) > MOST_LISTED)
        raise RequestError(f"{asked}: no such value{nearest(stated, known)}; there are {listed}")
    whole = values.dtype.kind in "iu"
    try:  # a whole number in digits is exact, whatever its size
        wanted = int(stated) if whole and stated.lstrip("+-").isdecimal() else float(stated)
    except ValueError:
        raise RequestError(f"{asked}: must be a {'whole ' * whole}number") from None
    closest = min(values.tolist(), key=lambda value: (value != wanted, abs(value - wanted)))
    if closest == wanted or (not whole and abs(closest - wanted) <= CLOSE * abs(closest)):
        return closest
    shown = closest if whole else f"{closest:.6g}"
    raise RequestError(f"{asked}: no such value; the nearest is {shown}{remedy}")
