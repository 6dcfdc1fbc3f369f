"""What commands begin and end with: studies found, results opened, places that can be written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cli.terminal import note
from sweep.errors import RequestError

if TYPE_CHECKING:
    from sweep.store.results import Results
    from sweep.study import Study


def load(name: str, overrides: Sequence[str] | None) -> tuple[Path, "Study"]:
    """Return the file of a study and what it asks, edited by `overrides`."""
    from sweep.study import find_study, load_study

    path = find_study(name)
    return path, load_study(path, overrides or ())


def open_study(study: "Study", results: Path) -> "Results":
    """Return what is committed of a study, which may be nothing."""
    from sweep.store.folder import study_directory
    from sweep.store.results import Results

    return Results(study_directory(results, study), study)


def existing(study: "Study", results: Path) -> Path:
    """Return the directory of a study's results, which must be there."""
    from sweep.store.folder import study_directory

    directory = study_directory(results, study)
    if not directory.is_dir():
        raise RequestError(f"{directory}: there are no results yet; `sweep run` makes them")
    return directory


def trained(name: str, overrides: Sequence[str] | None, results: Path) -> "Results":
    """Open results that have something to show, and say so if it is not all."""
    from sweep.store.folder import check_owner

    path, study = load(name, overrides)
    found = open_study(study, results)
    check_owner(found.directory, path)
    if not found.trained:
        raise RequestError(f"{found.directory}: nothing is trained yet; first `sweep run {name}`")
    if found.trained < study.trials:
        note(f"{study.name}: only {found.trained:,} of {study.trials:,} trials are trained so far")
    return found


def refuse_own(file: Path, found: "Results") -> None:
    """Refuse a place among the files that a study's results consist of."""
    from sweep.store.commit import KINDS

    own = [found.directory.resolve() / kind for kind in ("commits", *KINDS)]
    if not set(own).isdisjoint(file.resolve().parents):
        raise RequestError(f"{file}: is among the study's own files; choose another place")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Refuse a place that cannot be written to."""
    try:
        yield
    except FileExistsError:
        raise RequestError(f"{path}: exists already; choose another name") from None
    except OSError as error:
        raise RequestError(f"{path}: cannot be written: {error.strerror or error}") from None


def print_results(found: "Results") -> None:
    """Print how many trials ended how, and where everything is."""
    if found.trained:
        counts = found.trials(["outcome"])["outcome"].value_counts()
        print(
            "  " + ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)
        )
        print(f"  {found.directory}")
