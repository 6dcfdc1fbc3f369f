"""Checks of single values: each takes what TOML gave and returns its one canonical form.

All of them raise ValueError with the end of a sentence that starts with the value's name.
"""

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence, Sized
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sweep.errors import RequestError

T = TypeVar("T")
Check = Callable[[object], Any]

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202f-\ud7ff\ue000-\U0010ffff]")
_MAX_HIDDEN = 1_000
_SCHEDULE = re.compile(r"(every|log|last) +(step|[0-9]{1,12})|final|nothing")

MAX_LAYERS = 100  # how many layers a network may have, inputs and outputs included
MAX_SIZE = 1_000_000  # how many neurons a layer may have
MAX_COLUMNS = 100_000  # how many columns of a file may be named
MAX_INDICES = 4_000_000  # how many samples a table of batches may name
MAX_DIRECTIONS = 10  # how many directions initial parameters may be moved along


def one_line(text: str, limit: int = 500) -> str:
    """`text` without line ends and other control characters, cut to about `limit` characters."""
    if len(text) > limit:
        text = f"{text[: limit - 3]}..."
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(number: int, thing: str) -> str:
    """`number` of a thing, in the plural unless there is one."""
    return f"{number:,} {thing}" + "s" * (number != 1)


def show(value: object) -> str:
    """`value` as it is spelt in TOML, short enough for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 100:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, list):
        return f"a list of {len(value)}" if len(value) > 3 else f"[{', '.join(map(show, value))}]"
    if isinstance(value, dict):
        return one_line(f"a table of {', '.join(value) or 'nothing'}", 60)
    return one_line(f'"{value}"' if isinstance(value, str) else str(value), 60)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that `name` may have meant."""
    found = difflib.get_close_matches(name[:80], list(known), n=1, cutoff=0.5)
    return one_line(f"; did you mean {found[0]}?", 120) if found else ""


def asked(name: str, check: Callable[[object], T], value: object) -> T:
    """What a caller of a function passed, checked; a NumPy number is taken as Python's.

    Raises:
        RequestError: it is wrong; one line, beginning with its name.
    """
    try:
        return check(value.item() if isinstance(value, np.generic) else value)
    except ValueError as error:
        raise RequestError(f"{name}: {error}") from None


def path(value: object) -> Path:
    """Where a file or directory is, as text or as a path."""
    if not isinstance(value, str | PathLike):
        raise ValueError(f"must be a path, not {show(value)}")
    return Path(value)


def several(each: Check) -> Check:
    """A list of things that pass `each`, or one alone; the same twice counts once."""

    def check(value: object) -> list[Any]:
        values = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
        return list(dict.fromkeys(map(each, values)))

    return check


def text(value: object) -> str:
    """Any text that can be written to a file."""
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {show(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"must be text in UTF-8, not {show(value)}") from None
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {show(value)}")
    return value


def one_of(names: Collection[str]) -> Check:
    """One of `names`."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in names:
            known = ", ".join(f'"{name}"' for name in names)
            raise ValueError(f"must be {'one of ' * (len(names) > 1)}{known}, not {show(value)}")
        return value

    return check


def integer(lowest: int, highest: int) -> Check:
    """A whole number in `lowest` .. `highest`; 1e3 is one too."""

    def check(value: object) -> int:
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(whole, bool) or not isinstance(whole, int) or not lowest <= whole <= highest:
            raise ValueError(
                f"must be a whole number from {lowest} to {highest}, not {show(value)}"
            )
        return whole

    return check


def number(lowest: float = -math.inf, *, below: float = math.inf, infinite: bool = False) -> Check:
    """A number of at least `lowest`, as a float that is neither NaN nor -0.0."""
    wanted = "a number" if infinite else "a finite number"
    if lowest > -math.inf:
        wanted += f" of at least {lowest:g}"
    if below < math.inf:
        wanted += f" and below {below:g}"

    def check(value: object) -> float:
        found = math.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                found = float(value)
            except OverflowError:
                found = math.inf if value > 0 else -math.inf
        if not lowest <= found <= below or (found == below and not infinite):
            raise ValueError(f"must be {wanted}, not {show(value)}")
        return found + 0.0  # makes -0.0 into 0.0

    return check


SEED = integer(0, 2**63 - 1)
STEPS = integer(1, 10**9)


def per_layer(check: Check, each: str = "layer") -> Check:
    """What `check` accepts, or a list of it with one element for `each` layer."""
    listed = items(check, f"one value or one for each {each}")
    return lambda value: listed(value) if isinstance(value, list) else check(value)


def items(check: Check, wanted: str, least: int = 1, most: int = MAX_COLUMNS) -> Check:
    """A list of `least` to `most` values that `check` accepts, as a tuple; `wanted` says it."""

    def check_all(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            found = show(value) if value != [] else "an empty list"
            raise ValueError(f"must be {wanted}, not {found}")
        return tuple(_each(check, value))

    return check_all


def names(known: Sequence[str], wanted: str) -> Check:
    """A list of some of the `known` names, each once, as a tuple in their order; None of none."""
    listed = items(one_of(known), f'{wanted} ["{known[0]}"]', least=0)

    def check(value: object) -> tuple[str, ...] | None:
        found = listed(value)
        if len({*found}) < len(found):
            raise ValueError(f"must name each once, not {show(value)}")
        return tuple(name for name in known if name in found) or None

    return check


def layers_of(check: Check) -> Check:
    """A list of what `check` accepts, one element a layer, as a tuple."""
    return items(check, "a list with one element for each layer")


layer_sizes = items(
    integer(1, MAX_SIZE), f"a list of 2 to {MAX_LAYERS} layer sizes, inputs first", 2, MAX_LAYERS
)
"""The number of neurons of two layers or more."""

hidden_sizes = items(
    integer(1, _MAX_HIDDEN), f"a list of up to {MAX_LAYERS} layer sizes", 0, MAX_LAYERS
)
"""The number of neurons of any number of hidden layers."""

labels = items(text, f"a list of at most {MAX_COLUMNS} texts", 0)
"""Texts, such as the names of inputs or classes."""


def column_names(value: object) -> tuple[str | int, ...]:
    """Columns of a file: their names, or their positions from 0; all different."""
    position = integer(0, MAX_COLUMNS)
    found: tuple[str | int, ...] = items(
        lambda one: one if isinstance(one, str) else position(one),
        f"a list of 1 to {MAX_COLUMNS} columns",
    )(value)
    if len(set(found)) < len(found):
        raise ValueError("names a column more than once")
    return found


def vector(value: object) -> np.ndarray:
    """A list of finite numbers, as a read-only float64 array."""
    finite = number()

    def exact(element: object) -> float:
        found: float = finite(element)
        if found != element:  # Python compares a whole number with a float as they are
            raise ValueError(f"must be at most 2^53 or a float64, not {show(element)}")
        return found

    if not isinstance(value, list) or not value:
        raise ValueError(f"must be a list of numbers, not {show(value)}")
    return _frozen(np.array(_each(exact, value)))


def matrix(value: object) -> np.ndarray:
    """A list of equally long lists of finite numbers, as a read-only float64 array."""
    if not isinstance(value, list) or not value or not isinstance(value[0], list):
        raise ValueError(f"must be a list of lists of numbers, not {show(value)}")
    rows = _each(vector, value)
    _expect_equal_lengths(rows)
    return _frozen(np.stack(rows))


def directions(value: object) -> tuple[int, ...] | np.ndarray:
    """A seed or a list of seeds, as a tuple, or a matrix of numbers."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return matrix(value)
    seeds = value if isinstance(value, list) else [value]
    try:
        return tuple(map(SEED, seeds or [None]))
    except ValueError:
        wanted = "a seed, a list of seeds or of lists of numbers, one a direction, or a file"
        raise ValueError(f"must be {wanted}, not {show(value)}") from None


def _expect_equal_lengths(rows: Sequence[Sized]) -> None:
    for at, row in enumerate(rows):
        if len(row) != len(rows[0]):
            found = counted(len(row), "number")
            raise ValueError(f"[{at}] has {found} and [0] has {len(rows[0])}")


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def index_rows(value: object) -> np.ndarray:
    """A list of equally long lists of whole numbers of at least 0, as a read-only int64 array."""
    if not isinstance(value, list) or not value or not isinstance(value[0], list) or not value[0]:
        wanted = "a list of equally long lists of whole numbers of at least 0"
        raise ValueError(f"must be {wanted}, not {show(value)}")
    width = len(value[0])
    if len(value) * width > MAX_INDICES:
        raise ValueError(f"has {len(value)} rows of {width}; at most {MAX_INDICES} numbers in all")
    for at, row in enumerate(value):
        if not isinstance(row, list) or not all(type(index) is int for index in row):
            raise ValueError(f"[{at}] must be a list of whole numbers, not {show(row)}")
        if row and not (min(row) >= 0 and max(row) < MAX_SIZE):
            raise ValueError(f"[{at}] must be whole numbers from 0 to {MAX_SIZE - 1}")
    _expect_equal_lengths(value)
    return _frozen(np.array(value, np.int64))


def _each(check: Check, values: list[object]) -> list[Any]:
    """`check` of every value; a complaint is led by the value's position."""
    found = []
    for index, value in enumerate(values):
        try:
            found.append(check(value))
        except ValueError as error:
            raise ValueError(f"[{index}]{apart(str(error))}") from None
    return found


def apart(message: str) -> str:
    """`message` to be appended to a position: "[1]" directly, words after a space."""
    return message if message.startswith("[") else f" {message}"


def schedule(text: str) -> str:
    """The one spelling of a schedule; nothing for what is none."""
    match = _SCHEDULE.fullmatch(text.strip())
    if match is None or (match[1] != "every" and match[2] == "step"):
        return ""
    if match[1] is None:
        return match[0]
    count = 1 if match[2] == "step" else int(match[2])
    if count < (3 if match[1] == "log" else 1):
        return ""
    whole = {"every 1": "every step", "last 1": "final"}
    return whole.get(found := f"{match[1]} {count}", found)


def recorded(*shapes: str) -> Check:
    """One of the schedules `shapes`, such as "every step", "every N" or "final"."""

    def check(value: object) -> str:
        found = schedule(value) if isinstance(value, str) else ""
        if found not in shapes and f"{found.partition(' ')[0]} N" not in shapes:
            known = ", ".join(f'"{shape}"' for shape in shapes)
            least = " (N at least 1, after log 3)"
            raise ValueError(f"must be one of {known}{least}, not {show(value)}")
        return found

    return check
