"""Study files: what is asked, read into a frozen `Study`."""

from sweep.study.grid import Axis, Dimension, Grid, Positions, vector
from sweep.study.group import NUMERICS, Batch, Data, Group, Initial, LaneInputs, Network
from sweep.study.keywords import Spacing, geometric, linear, log
from sweep.study.reading import (
    files_of,
    find_study,
    known_studies,
    leading_comment,
    load_study,
    parse_study,
    shipped_studies,
    text_to_start_from,
)
from sweep.study.settings import Outcome, Record, Schedule, Training
from sweep.study.study import Plot, Study, study_facts
from sweep.study.writing import STARTER, card

__all__ = [
    "NUMERICS",
    "STARTER",
    "Axis",
    "Batch",
    "Data",
    "Dimension",
    "Grid",
    "Group",
    "Initial",
    "LaneInputs",
    "Network",
    "Outcome",
    "Plot",
    "Positions",
    "Record",
    "Schedule",
    "Spacing",
    "Study",
    "Training",
    "card",
    "files_of",
    "find_study",
    "geometric",
    "known_studies",
    "leading_comment",
    "linear",
    "load_study",
    "log",
    "parse_study",
    "shipped_studies",
    "study_facts",
    "text_to_start_from",
    "vector",
]
