"""A study file becomes a `Study`."""

import re
import stat
from collections.abc import Collection, Sequence
from pathlib import Path

from sweep.study.axes import Axis, read_axis
from sweep.study.document import MAX_BYTES, MAX_WRITTEN, Document, read_document, refusal
from sweep.study.fields import FIELDS, REQUIRED, Field, FieldError, swept_field
from sweep.study.study import Study

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


def load_study(path: Path, overrides: Sequence[str] = ()) -> Study:
    """The study in the file `path`, as if edited by `overrides` such as "training.steps=200".

    Its name is the file's stem.

    Raises:
        RequestError: the file cannot be read, or is no study; one line says where and why.
    """
    source = str(path)
    text = _read_text(path, source)
    return _study(read_document(text, source, overrides, MAX_BYTES), path.stem)


def parse_study(text: str, name: str, directory: Path, overrides: Sequence[str] = ()) -> Study:
    """The study that `text` states, called `name`, with relative paths taken from `directory`.

    Takes texts as long as `Study.to_toml` may write them.

    Raises:
        RequestError: it is no study; one line says where and why.
    """
    source = str(directory / f"{name}.toml")
    return _study(read_document(text, source, overrides, MAX_WRITTEN), name)


def _read_text(path: Path, source: str) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise refusal(source, "is not a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise refusal(source, f"is larger than {MAX_BYTES} bytes, too large for a study")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise refusal(source, f"is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise refusal(source, f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # a path with a NUL in it
        raise refusal(source, f"is no path: {error}") from None


def _study(document: Document, name: str) -> Study:
    if not _NAME.fullmatch(name):
        raise refusal(
            document.source,
            "the study's name, the file's stem, must be 1 to 100 of the characters "
            "A-Z a-z 0-9 _ - . and not start with a dot",
        )
    axes = tuple(_axis(document, key) for key in document.entries if key.startswith("axes."))
    swept = {axis.name for axis in axes}
    settings = {field.name: _value(document, field, swept) for field in FIELDS}
    try:
        study = Study(name, settings, axes)
        for key in document.entries:
            if key in settings and (reason := study.idle(key)):
                raise FieldError(key, reason)
    except FieldError as error:
        raise document.refuse(error.name, error.problem) from None
    return study


def _axis(document: Document, key: str) -> Axis:
    name = key.removeprefix("axes.")
    field = swept_field(name)
    if field.swept is None:
        raise document.refuse(key, "cannot be an axis")
    try:
        return read_axis(name, field.swept, field.check, document.entries[key].value)
    except ValueError as error:
        raise document.refuse(key, str(error)) from None


def _value(document: Document, field: Field, swept: Collection[str]) -> object:
    """The canonical value of `field`; None for a required one that an axis gives."""
    if field.name not in document.entries:
        if field.default is not REQUIRED:
            return field.default
        if field.axis in swept:
            return None
        raise document.refuse(field.name, "is missing")
    try:
        return field.check(document.entries[field.name].value)
    except ValueError as error:
        raise document.refuse(field.name, str(error)) from None
