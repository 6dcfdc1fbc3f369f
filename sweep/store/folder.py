"""The directory of one study's results: made, tried out, and claimed for one study file."""

import json
from pathlib import Path

from sweep.errors import RequestError, StoreError
from sweep.store.commit import KINDS
from sweep.store.files import discard, make_directory, publish, replace, told
from sweep.store.ledger import RECORDS
from sweep.study import Study

STUDY = "study.toml"
ORIGIN = "origin.json"


def study_directory(results: Path, study: Study) -> Path:
    """Where the results of `study` are.

    Raises:
        RequestError: the study's name would lead out of `results`.
    """
    if study.name in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(study.name):
        raise RequestError(f"{study.name!r}: the name of a study must be a plain file name")
    return results / study.name


def make_folder(directory: Path) -> None:
    """Make the directories of a study's results, and try out that they can be written.

    Raises:
        RequestError: they cannot, or the file system lacks what committing needs.
    """
    with told(f"{directory}: results cannot be saved here", RequestError):
        for name in (RECORDS, *KINDS):
            make_directory(directory / name)
        trial_run = directory / ".trial-run.tmp"
        discard([trial_run])
        publish({trial_run: b""})
        trial_run.unlink()


def claim(directory: Path, study: Study, origin: Path | None) -> None:
    """Write down which study, from which file, the results in `directory` belong to.

    The caller holds the study's lock.

    Raises:
        RequestError: they belong to another file of the same name, which is still there.
        StoreError: the system refused to write.
    """
    if origin is not None:
        other = _other_origin(directory / ORIGIN, origin)
        if other is not None:
            raise RequestError(
                f"{directory}: holds the results of {other}, another study of the same name; "
                f"rename {origin} or save elsewhere with --results"
            )
        _keep(directory / ORIGIN, json.dumps({"origin": str(origin.resolve())}) + "\n")
    _keep(directory / STUDY, study.to_toml())


def _other_origin(record: Path, origin: Path) -> Path | None:
    """The file recorded as the origin, if it is still there and neither this one nor its copy."""
    try:
        other = Path(json.loads(record.read_bytes())["origin"])
        same = other.samefile(origin) or other.read_bytes() == origin.read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if same else other


def _keep(path: Path, text: str) -> None:
    data = text.encode()
    with told(path, StoreError):
        if not path.is_file() or path.read_bytes() != data:
            replace(path, data)
