"""A study by its name, trained; the tables of its results, and what they need, are left aside."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.runs import runner
from sweep.runs.progress import Show, progress_bar
from sweep.runs.runner import RunReport, Workers
from sweep.store.folder import check_owner, study_directory
from sweep.store.ledger import read_ledger
from sweep.store.matching import answers, asked
from sweep.store.parquet import read
from sweep.study import Study, load_study, vector


def train(
    study: str | Path | Study,
    overrides: Sequence[str] = (),
    *,
    results: str | Path = "results",
    threads: int | None = None,
    dask: str | None = None,
    progress: bool | Show = True,
    on_wait: Callable[[str], None] | None = None,
) -> RunReport:
    """Train what is missing of a study, as `run` does, and return what was done.

    A signal ends it early, with its number in the report. `on_wait` is called with a sentence if
    another process works on the study.

    Raises:
        RequestError: the study is wrong, or results cannot be written there.
        StoreError: results could not be saved or read; what was committed stays.
    """
    if dask and threads:
        raise RequestError(
            "--threads and --dask: state one of them; workers have their own threads"
        )
    asked = load_study(study, overrides)
    check_owner(study_directory(results, asked), asked.origin)
    with _workers(dask) as workers, _shown(progress, asked.name) as show:
        return runner.run(
            asked,
            results,
            origin=asked.origin,
            threads=threads,
            workers=workers,
            progress=show,
            on_wait=on_wait,
        )


def outcomes_of(
    study: str | Path | Study, overrides: Sequence[str], directory: Path
) -> dict[str, int]:
    """How many of a study's committed trials ended how; an outcome that none had is not named.

    Raises:
        RequestError: the study is wrong.
        StoreError: a file is damaged or cannot be read.
    """
    ledger, counts = read_ledger(directory), Counter[str]()
    for group in load_study(study, overrides).groups():
        for commit, at in answers(ledger, group):
            file = commit.file("trials")
            if file is None or not asked(at):
                continue
            column = read(directory, file, ["outcome"])["outcome"].cast("string")
            if asked(at) < len(column):
                column = column.filter(vector(at) >= 0)
            counts.update(column.to_pylist())
    return {name: counts[name] for name in OUTCOMES if counts[name]}


def _workers(address: str | None) -> AbstractContextManager[Workers | None]:
    """Connect to a cluster, if one is named."""
    if address is None:
        return nullcontext()
    try:
        from sweep.runs.cluster import connected  # noqa: PLC0415 - an extra that few install
    except ImportError as error:
        raise RequestError(f"--dask needs {error.name}: pip install 'sweep[dask]'") from None
    return connected(address)


def _shown(progress: bool | Show, name: str) -> AbstractContextManager[Show | None]:
    if isinstance(progress, bool):
        return progress_bar(name) if progress else nullcontext()
    return nullcontext(progress)
