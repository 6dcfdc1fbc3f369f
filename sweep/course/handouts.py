"""What a student is handed: the derivation and the worksheet of a study, by its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matplotlib.figure import Figure

from sweep.course import explain as derivation
from sweep.course.diagram import draw_network, svg
from sweep.course.document import Document, html, markdown, plain
from sweep.course.snapshot import Snapshot, snapshot_of
from sweep.course.workbook import write_workbook
from sweep.course.worksheet import plan_worksheet
from sweep.errors import RequestError
from sweep.store.files import told
from sweep.study import load_study
from sweep.views.saving import FORMATS, save_figure


@dataclass(frozen=True)
class Derivation:
    """The derivation of one step of a trial; as text, or in another form, and with a picture.

    Attributes:
        snapshot: what the trial is at that step.
        sample: which of the step's samples is written out, from 1.
    """

    snapshot: Snapshot
    sample: int

    def __str__(self) -> str:
        return plain(self.document)

    def _repr_html_(self) -> str:
        return self.html()

    @cached_property
    def document(self) -> Document:
        """Its sections, equations and tables."""
        return derivation.explain(self.snapshot, self.sample)

    def diagram(self) -> Figure:
        """The network with its weights, activations and gradients, as a figure."""
        return draw_network(self.snapshot, self.sample)

    def markdown(self, picture: str = "") -> str:
        """Markdown with LaTeX; `picture` is a file to show."""
        return markdown(self.document, picture)

    def html(self) -> str:
        """One page with MathML and the diagram, which needs no network."""
        return html(self.document, svg(self.diagram()))


def explain(
    study: str | Path,
    *,
    step: int = 0,
    trial: Sequence[str] = (),
    sample: int = 1,
    diagram: str | Path | None = None,
    overrides: Sequence[str] = (),
) -> Derivation:
    """Derive every gradient of one step of a trial of a study, in symbols and in numbers.

    Args:
        study: a study file, or the bare name of a known study; nothing need be trained.
        step: after how many updates.
        trial: of which one, such as "learning_rate=0.5"; by default the first.
        sample: which of the step's samples is written out, from 1.
        diagram: a file to draw the network into; it ends in .png, .svg or .pdf.
        overrides: change fields, as "training.steps=200".

    Raises:
        RequestError: there is no such study, trial, step or sample, or it cannot be written out.
    """
    picture = Path(diagram) if diagram is not None else None
    if picture and picture.suffix[1:] not in FORMATS:
        endings = ", ".join(f".{ending}" for ending in FORMATS)
        raise RequestError(f'{picture}: the ending must be {endings}, not "{picture.suffix}"')
    found = Derivation(snapshot_of(load_study(study, overrides), trial, step), sample)
    found.document  # noqa: B018 - what cannot be derived is refused before anything is drawn
    if picture:
        with told(f"{picture}: cannot be written", RequestError):
            save_figure(found.diagram(), picture.parent, picture.stem, [picture.suffix[1:]])
    return found


@dataclass(frozen=True)
class Worksheet:
    """A spreadsheet that was written: where, with how many sheets of trials, of how many steps."""

    file: Path
    sheets: int
    steps: int


def worksheet(
    study: str | Path,
    file: str | Path | None = None,
    *,
    steps: int | None = None,
    trial: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> Worksheet:
    """Write a study as a spreadsheet with live formulas, a sheet a trial.

    Args:
        study: a study file, or the bare name of a known study; nothing need be trained.
        file: ends in .xlsx; by default the study's name with this ending.
        steps: how many; by default the study's, at most 200.
        trial: of which trials, such as "learning_rate=0.5"; by default all.
        overrides: change fields, as "training.steps=200".

    Raises:
        RequestError: there is no such study, it cannot be a worksheet, or cannot be written there.
    """
    asked = load_study(study, overrides)
    path = Path(file or f"{asked.name}.xlsx")
    if path.suffix != ".xlsx":
        raise RequestError(f'{path}: the ending must be .xlsx, not "{path.suffix}"')
    plan = plan_worksheet(asked, steps, trial)
    with told(f"{path}: cannot be written", RequestError):
        write_workbook(plan, path)
    return Worksheet(path, len(plan.trials), plan.steps)
