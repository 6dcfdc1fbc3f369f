"""Studies are found, by path or by name, and read."""

import re
from collections.abc import Sequence
from itertools import groupby, takewhile
from pathlib import Path

from sweep.errors import RequestError
from sweep.study.checks import nearest, one_line, show
from sweep.study.document import (
    MAX_BYTES,
    MAX_WRITTEN,
    Document,
    read_document,
    refusal,
    spaced_axes,
)
from sweep.study.fields import place_of
from sweep.study.sources import with_files
from sweep.study.study import Study
from sweep.study.tables import read_whole

_PACKAGE = Path(__file__).resolve().parents[1]


def find_study(name_or_path: str) -> Path:
    """The file of a study, given as a path to a TOML file or as a bare name.

    A bare name is looked up in `./experiments`, then among the shipped studies.

    Raises:
        RequestError: there is no such file.
    """
    known = known_studies()
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        found = Path(name_or_path)
        if not _exists(found):
            beside = {str(path): path for path in _studies(found.parent)}
            own = found.stem if found.stem in known else ""
            hint = f"; did you mean {own}?" if own else nearest(name_or_path, beside)
            raise RequestError(one_line(f"{name_or_path}: there is no such file{hint}"))
        return found
    if name_or_path not in known:
        here = f"{name_or_path}.toml"
        hint = f"; did you mean {here}?" if _exists(Path(here)) else nearest(name_or_path, known)
        raise RequestError(
            f"{show(name_or_path)}: there is no study of this name in experiments/ or among the "
            f"shipped ones{hint}"
        )
    return known[name_or_path]


def known_studies() -> dict[str, Path]:
    """The studies in `./experiments` and the shipped ones, by name."""
    return {path.stem: path for path in [*shipped_studies(), *_studies(Path("experiments"))]}


def shipped_studies() -> list[Path]:
    """The studies that came with sweep, by name: of the wheel, or of the source tree."""
    return _studies(_PACKAGE / "experiments") or _studies(_PACKAGE.parent / "experiments")


def _studies(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.toml"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False


def load_study(study: str | Path | Study, overrides: str | Sequence[str] = ()) -> Study:
    """The study in a file, as if edited by `overrides` such as "training.steps=200".

    The override "size=64" gives every axis of `linear` or `log` with `num` 64 values.

    `study` is a path or, as text, also the bare name of a known study, as `find_study` takes it;
    or a study that there is already. The study's name is the file's stem.

    Raises:
        RequestError: the file cannot be read, or is no study; one line says where and why.
    """
    if isinstance(study, Study):
        if not overrides:
            return study
        document = read_document(study.to_toml(described=True), study.name, overrides, MAX_WRITTEN)
        found = Study.of(document, study.name, study.origin)
    else:
        path = file_of(study)
        document = with_files(_document(path, overrides), path.parent)
        found = Study.of(document, path.stem, path)
    found.refuse_targets(document)
    return found


def sizes_of(study: str | Path, overrides: str | Sequence[str] = ()) -> dict[str, int]:
    """How many values each axis has that the override "size=N" would give N, by its name."""
    found = spaced_axes(_document(file_of(study), overrides).entries)
    return {place_of(at).axis: table["num"] for at, table in found.items()}


def file_of(study: object) -> Path:
    """The file of a study, given as a path or, as text, as `find_study` takes it."""
    if isinstance(study, Path):
        return study
    if isinstance(study, str):
        return find_study(study)
    kind = type(study).__name__
    raise RequestError(f"study: must be a name, a path or a sweep.Study, not of type {kind}")


def text_to_start_from(study: str | Path, directory: Path) -> str:
    """The text of a study as it was written, comments and all, to be kept in `directory`.

    `study` is as in `load_study`. The files that it names are looked for beside the copy.

    Raises:
        RequestError: it is no study, or names a file that is not there.
    """
    path = file_of(study)
    load_study(path)
    document = _document(path)
    for name in ("data.file", "validation.file", "initial.file", "initial.direction", "batch.file"):
        file = document.stated(name)
        if isinstance(file, str) and not _exists(directory / file):
            raise refusal(
                document.entries[name].where,
                f"{name}: {show(file)} is read from beside the study; copy it to {directory} first",
            )
    return _read_text(path)


def parse_study(text: str, name: str, directory: Path, overrides: Sequence[str] = ()) -> Study:
    """The study that `text` states, called `name`, with relative paths taken from `directory`.

    Takes texts as long as `Study.to_toml` may write them.

    Raises:
        RequestError: it is no study; one line says where and why.
    """
    source = str(directory / f"{name}.toml")
    document = read_document(text, source, overrides, MAX_WRITTEN)
    return Study.of(with_files(document, directory), name)


def leading_comment(text: str) -> str:
    """The comment at the top of a study file, which by custom says its question; "" if none.

    Lines are joined; an empty one of the comment parts paragraphs by a newline.
    """
    lines = takewhile(lambda line: line.startswith("#"), text.lstrip("\ufeff").splitlines())
    words = [line.lstrip("#").strip() for line in lines]
    parts = [list(part) for filled, part in groupby(words, bool) if filled]
    return "\n".join(" ".join(part) for part in parts)


def _document(path: Path, overrides: str | Sequence[str] = ()) -> Document:
    return read_document(_read_text(path), str(path), overrides, MAX_BYTES)


def _read_text(path: Path) -> str:
    try:
        content = read_whole(path, MAX_BYTES, "a study")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise refusal(str(path), f"is not UTF-8 text (byte {error.start})") from None
    except ValueError as error:
        raise refusal(str(path), str(error)) from None


_NAMED = re.compile(r"""((?<![\w-])(?:file|direction)\s*=\s*)(["'])([^"'\n]+)\2""")


def files_of(study: Path | None, overrides: str | Sequence[str] = ()) -> list[Path]:
    """A study file and the files of data that it, or an override, names; none without a file."""
    if study is None:
        return []
    edits = [overrides] if isinstance(overrides, str) else overrides
    named = _NAMED.findall("\n".join([study.read_text(encoding="utf-8-sig"), *edits]))
    return [study, *(study.parent / found[2] for found in named)]
