"""Study files: what is asked, read into a frozen `Study`."""

from sweep.study.axes import Axis
from sweep.study.batch import Batch
from sweep.study.card import card, study_facts
from sweep.study.datasets import Data
from sweep.study.grid import Dimension, Grid, Positions, vector
from sweep.study.group import Group, LaneInputs
from sweep.study.identity import NUMERICS
from sweep.study.initializers import Initial
from sweep.study.library import find_study, shipped_studies
from sweep.study.network import Network
from sweep.study.reading import leading_comment, load_study, parse_study
from sweep.study.record import Record
from sweep.study.schedule import Schedule
from sweep.study.starter import STARTER
from sweep.study.study import Plot, Study
from sweep.study.training import Outcome, Training

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
    "Study",
    "Training",
    "card",
    "find_study",
    "leading_comment",
    "load_study",
    "parse_study",
    "shipped_studies",
    "study_facts",
    "vector",
]
