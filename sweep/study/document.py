"""Text to dotted names: TOML within safe bounds, `--set`, and where each value was stated."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from sweep.errors import RequestError
from sweep.study.checks import one_line, show
from sweep.study.fields import FIELD, GIVES, NAMES_OF_TABLES, find_axis, place_of, unknown
from sweep.study.settings import FieldError
from sweep.study.spacings import SPACINGS

MAX_BYTES = 2**18  # the size of a study file that somebody wrote
MAX_WRITTEN = 2**28  # the size of one that `to_toml` wrote, with every axis's values

MAX_NESTING = 16
SIZE = "size"  # the override `size=64` gives every spaced axis so many values

WHERE, REPEATS, DRAW = "axes.where", "axes.repeats", "draw"
REPEATED = ("seed", "batch_seed")
"""The axes that repeats are made of: all that is drawn in training."""

MAX_DOTS = 8

# Possessive repetition keeps every alternative linear in the length of the text.
_OPAQUE = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_DOTTED = re.compile(rf"(?:\.[^.\n,=\[\]{{}}]*+){{{MAX_DOTS}}}")
_HEADER = re.compile(r"\[{1,2}([A-Za-z_][\w.-]*)\]")
_SPACING_KEYS = {*SPACINGS, "num"}


@dataclass(frozen=True)
class Entry:
    """A value as stated, and where, in words."""

    value: object
    where: str


@dataclass(frozen=True)
class Document:
    """The values a study states: fields and axes (as `axes.NAME`) by their one dotted name.

    `source` is what messages call the text they came from; `overrides` edited it.
    """

    source: str
    entries: Mapping[str, Entry]
    overrides: tuple[str, ...]

    def stated(self, name: str) -> object:
        """The value of a field as it is stated; None if it is not."""
        return self.entries[name].value if name in self.entries else None

    def refuse(self, name: str, problem: str) -> RequestError:
        """The error that `name` has `problem`, led by where it was stated if it was."""
        stated = [name] if name in self.entries else _rivals(self.entries, name)
        where = self.entries[stated[0]].where if stated else self.source
        if self.overrides and not where.startswith("--set"):
            where += f", with {', '.join(self.overrides)}"  # the culprit may be among them
        return refusal(where, f"{name}: {problem}")

    @contextmanager
    def telling(self, name: str = "", of: str = "") -> Iterator[None]:
        """Say of which field a complaint within is: of the one that it names, or of `name`."""
        try:
            yield
        except FieldError as error:
            raise self.refuse(error.name, error.problem) from None
        except ValueError as error:
            if not name:
                raise
            raise self.refuse(name, f"{of} {error}".lstrip()) from None


def refusal(where: str, problem: str) -> RequestError:
    """The error of one line that `where` there is `problem`."""
    return RequestError(one_line(f"{where}: {problem}"))


def read_document(text: str, source: str, overrides: str | Iterable[str], limit: int) -> Document:
    """The entries of the TOML `text`, with `overrides` in place of what it states.

    An override, `training.steps=200`, takes the place of the field, whether the text states a
    value or an axis; `axes={ seed = [1] }` takes the place of a whole table.

    Raises:
        RequestError: not TOML, larger than `limit`, too deep, an unknown key, or one stated twice.
    """
    stated = [overrides] if isinstance(overrides, str) else list(overrides)
    wrong = [one for one in stated if not isinstance(one, str)]
    if wrong:
        raise RequestError(f'overrides: must be texts such as "training.steps=200", not {wrong[0]}')
    lines = _lines(text)
    tree = _parse(text, source, limit)
    entries = gathered(tree, lambda path: f"{source}{_line(lines, path)}")
    edits = tuple(_override(entries, override) for override in stated)
    return Document(source, entries, edits)


def gathered(tree: Mapping[str, object], where_is: Callable[[str], str]) -> dict[str, Entry]:
    """The entries of nested tables; `where_is` says where a dotted path in them was stated."""
    entries: dict[str, Entry] = {}
    claimed: dict[str, str] = {}
    for path, value in _walk("", tree):
        where = where_is(path)
        name = _known(path, where)
        for claim in _claims(name):
            other = claimed.setdefault(claim, name)
            if other != name or name in entries:
                raise refusal(where, f"{path}: is already stated as {other}; keep one of them")
        entries[name] = Entry(value, where)
    return entries


def _override(entries: dict[str, Entry], override: str) -> str:
    """Edit `entries`; returns what to call the override in messages."""
    where = f"--set {one_line(override, 80)}"
    key, equals, text = override.partition("=")
    key = re.sub(r"[\s\"']", "", key)
    if key == SIZE:
        return _resize(entries, text.strip())
    if not key or not equals:
        raise refusal(where, "must be FIELD=VALUE, such as training.steps=200")
    try:
        stated = _parse(f"value = {text}", where, MAX_BYTES)
    except RequestError as error:
        raise _with_quotes(key, text.strip(), where) or error from None
    if set(stated) != {"value"}:
        raise refusal(where, "must state one value")
    whole = key in NAMES_OF_TABLES or place_of(f"{key}.x").holder == key
    if whole and isinstance(stated["value"], dict):
        for name in [name for name in entries if name.startswith(f"{key}.")]:
            del entries[name]
    for path, value in _walk(key, stated["value"]):
        name = _known(path, where)
        for rival in _rivals(entries, name):
            if rival != name:
                del entries[rival]
        entries[name] = Entry(value, where)
    return where


def spaced_axes(entries: Mapping[str, Entry]) -> dict[str, Mapping[str, Any]]:
    """The entries of axes of `linear` or `log` with `num` values between two ends: their tables."""
    tables = {name: e.value for name, e in entries.items() if isinstance(e.value, Mapping)}
    return {
        name: table
        for name, table in tables.items()
        if name.startswith("axes.") and {*table} in ({"linear", "num"}, {"log", "num"})
    }


def _resize(entries: dict[str, Entry], size: str) -> str:
    """Give every spaced axis `size` values; returns what to call that in messages."""
    where, found = f"--size {one_line(size, 80)}", spaced_axes(entries)
    if not re.fullmatch("[1-9][0-9]{0,8}", size) or size == "1":
        raise refusal(where, "must be a whole number from 2 to 999999999")
    if not found:
        raise refusal(where, "the study has no axis of linear or log with num; --set states others")
    for name, table in found.items():
        entries[name] = Entry({**table, "num": int(size)}, where)
    return where


def _parse(text: str, source: str, limit: int) -> dict[str, object]:
    """The TOML `text` as nested dictionaries; nothing that could exhaust the parser reaches it."""
    if len(text) > limit:
        raise refusal(source, f"is longer than {limit} characters")
    plain = _OPAQUE.sub("''", text)
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", plain):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_NESTING:
            raise refusal(source, f"nests brackets more than {MAX_NESTING} deep")
    if _DOTTED.search(plain):
        raise refusal(source, f"has a key of more than {MAX_DOTS} parts")
    try:
        return _loads(text)
    except tomllib.TOMLDecodeError as error:
        place, problem = _said(str(error), text)
        place = place * (not source.startswith("--set"))
        raise refusal(f"{source}{place}", f"is not TOML: {problem}") from None
    except (ValueError, OverflowError):  # Python's own limit on the digits of a whole number
        raise refusal(source, "is not TOML: a number in it has too many digits") from None


def _loads(text: str) -> dict[str, object]:
    """What `tomllib` makes of a text; long lists of numbers are JSON too, which is read faster."""
    lists: list[list[float]] = []
    placed = 0

    def mark(found: re.Match[str]) -> str:
        lists.append(json.loads(found[0]))
        return f'["\\u0000{len(lists) - 1}"]'

    def whole(value: Any) -> Any:
        nonlocal placed
        if isinstance(value, dict):
            return {key: whole(one) for key, one in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) == 1 and isinstance(value[0], str) and value[0].startswith("\0"):
            placed += 1
            return lists[int(value[0][1:])]
        return [whole(one) for one in value]

    with suppress(ValueError, IndexError):  # what is wrong, and where, is said of the text itself
        found = whole(tomllib.loads(_NUMBERS.sub(mark, text)))
        if placed == len(lists):  # none was in a comment or a string
            return cast("dict[str, object]", found)
    return tomllib.loads(text)


_NUMBERS = re.compile(r"\[[-+0-9.eE, \n]{1000,}\]")
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_PROBLEMS = {
    "Expected '=' after a key": "a key needs a = and a value after it",
    "Expected newline or end of document": "something follows the value",
    "Cannot overwrite a value": "the key is stated twice",
    "Duplicate inline table key": "the key is stated twice",
    "Cannot declare": "the table is stated twice; join the two",
    "Cannot mutate immutable": "the table is stated twice; join the two",
    "Unclosed array": "a bracket [ is not closed",
    "Unclosed inline table": "a bracket { is not closed",
    "Unterminated string": "a quote is not closed",
    'Expected "': "a quote is not closed",
    "Expected '\"'": "a quote is not closed",
    "Illegal character": "a quote is not closed, or a character stands where none may",
    "Expected ']'": "the heading of a table needs a ] at its end",
    "Invalid statement": "a line must be KEY = VALUE, or [TABLE]",
    "Invalid initial character for a key": "a key is missing, or starts with what none can",
}
"""What the parser says, by how it begins, and what we do."""


def _said(message: str, text: str) -> tuple[str, str]:
    """Where the parser gave up, and why, in our words."""
    match = _PLACE.fullmatch(message)
    problem, place, rest = match[1] if match else message, "", ""
    if match and match[2]:
        place, rest = f", line {match[2]}", text.split("\n")[int(match[2]) - 1]
        rest = rest[int(match[3]) - 1 :].strip()
    if problem == "Invalid value" or rest == ".":
        return place, _wrong_value(rest)
    ours = next((say for start, say in _PROBLEMS.items() if problem.startswith(start)), problem)
    return place, ours + (f", at {show(rest)}" if rest else "")


def _wrong_value(rest: str) -> str:
    word = re.split(r"[\s,\]}#]", rest)[0]
    if word.lower() in ("true", "false"):
        return f"TOML has {word.lower()}, in small letters, not {word}"
    if word.lower() in ("none", "null", "nil"):
        return f"it has no {word}: leave the line out where a field has no value"
    if re.fullmatch(r"[+-]?\.\d*.*", word):
        return "a number has digits on both sides of its point"
    if word:
        return f"text stands between quotes: {show(word)}"
    return "a value is missing"


def _with_quotes(key: str, text: str, where: str) -> RequestError | None:
    """The refusal of a value whose quotes the shell took, with the line that would be right."""

    def quoted(word: re.Match[str]) -> str:
        plain = word[0].lower()
        return plain if plain in ("true", "false", "inf", "nan") else f'"{word[0]}"'

    mended = re.sub(r"[A-Za-z_][\w.-]*(?: [\w.-]+)*(?!\s*=)(?![\w.-])", quoted, text)
    try:
        _parse(f"value = {mended}", where, MAX_BYTES)
    except RequestError:
        return None
    return refusal(where, f"the value is not TOML; write --set '{key}={mended}'")


def _walk(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    """The dotted paths of all fields and axes below `prefix`, and of whatever is neither."""
    if not isinstance(value, dict) or _is_value(prefix, value):
        yield prefix, value
        return
    for key, item in value.items():
        yield from _walk(f"{prefix}.{key}" if prefix else key, item)


def _is_value(path: str, table: Mapping[str, object]) -> bool:
    """Whether a table is itself the value of a field or axis, or no part of a study at all."""
    if path in FIELD or not table:
        return path not in ("", *NAMES_OF_TABLES)
    if not path.startswith("axes."):
        return False
    if _of_points(path):
        return True
    layers = all(key.isdigit() for key in table)
    return bool(_SPACING_KEYS & set(table)) or (_axis_at(path) is not None and not layers)


def _known(path: str, where: str) -> str:
    """The one name of the field, axis or condition at `path`."""
    if path in FIELD or _of_points(path):
        return path
    axis = _axis_at(path)
    if axis is None:
        raise refusal(where, str(unknown(path)))
    return axis


def _of_points(path: str) -> bool:
    """Whether `path` is no axis, but says which points there are."""
    place = place_of(path)
    return path in (WHERE, REPEATS) or (
        place.holder.startswith("axes.design.") and place.axis == DRAW
    )


def _axis_at(path: str) -> str | None:
    """The same path with its axis's one name; None if it names no axis."""
    place = place_of(path)
    found = find_axis(place.axis) if path.startswith("axes.") else None
    return found and f"{place.holder}.{found[1]}"


def _rivals(entries: Mapping[str, Entry], name: str) -> list[str]:
    """The entries that state what `name` states, itself included."""
    claims = set(_claims(name))
    return [key for key in entries if claims & {*_claims(key)}]


def _claims(name: str) -> tuple[str, ...]:
    """What an entry gives a value to: axes, by their names as `axes.NAME`, or what is none."""
    if name == REPEATS:
        return (name, *(f"axes.{seed}" for seed in REPEATED))
    if _of_points(name):
        return (name,)
    if name in FIELD:
        field, own = name, f"axes.{FIELD[name].axis}"
    else:
        axis = place_of(name).axis
        found = find_axis(axis)
        field, own = found[0].name if found else "", f"axes.{axis}"
    return (own, *(f"axes.{FIELD[given].axis}" for given in GIVES.get(field, ())))


def _lines(text: str) -> dict[str, int]:
    """The number of the line on which each dotted key is first given a value, where it is plain."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        key, equals, _ = line.partition("=")
        key = key.strip().replace('"', "").replace("'", "")
        if equals:
            lines.setdefault(f"{table}{key}", number)
        elif header := _HEADER.match(key):
            table = f"{header[1]}."
            lines.setdefault(header[1], number)
    return lines


def _line(lines: Mapping[str, int], path: str) -> str:
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return f", line {lines[path]}" if path else ""
