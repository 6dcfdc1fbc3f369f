"""What the learning rate did, in numbers: tables in, tables out; nothing is trained here.

    best(results)                                # the best rate of each group, by each criterion
    summary(results)                             # all measures of each group
    by_rate(results)                             # medians and shares at each rate
    compare([results, ...], "final_loss")        # the same measure of several studies
    found = find(Responses.of(trials, axes))     # of any trials; axes: the names of swept columns
    sentences(found)                             # the same in plain words, a paragraph a group

`best` and its like take the results of a study, or its name, or trials laid out as `Responses`.
docs/analysis.md defines every measure; every column is described where its function is.
"""

from sweep.analysis.comparison import Comparison, compare
from sweep.analysis.intervals import Bootstrap
from sweep.analysis.levels import CRITERIA, LEVELS
from sweep.analysis.measures import MEASURES, RATE_LEVELS
from sweep.analysis.responses import Responses
from sweep.analysis.sentences import sentences
from sweep.analysis.tables import Choices, Findings, best, by_rate, find, summary

__all__ = [
    "CRITERIA", "LEVELS", "MEASURES", "RATE_LEVELS", "Bootstrap", "Choices", "Comparison",
    "Findings", "Responses", "best", "by_rate", "compare", "find", "sentences", "summary",
]  # fmt: skip
