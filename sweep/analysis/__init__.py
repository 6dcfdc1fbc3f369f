"""What the learning rate did, in numbers: tables in, tables out; nothing is read or trained here.

    responses = Responses.of(trials, axes)       # axes: the names of the swept columns
    best(responses)                              # the best rate of each group, by each criterion
    summary(responses)                           # all measures of each group
    by_rate(responses)                           # medians and shares at each rate
    found = find(responses)                      # best and summary, from one pass
    sentences(found)                             # the same in plain words, a paragraph a group
    compare([(name, trials, axes), ...])         # the same measure of several studies

`sweep.best(results)` and its like do the same for the results of a study. docs/analysis.md defines
every measure; every column is described where its function is.
"""

from sweep.analysis.choosing import CRITERIA
from sweep.analysis.comparison import Comparison, compare
from sweep.analysis.measures import MEASURES, RATE_MEASURES
from sweep.analysis.resampling import Bootstrap
from sweep.analysis.responses import Responses
from sweep.analysis.sentences import sentences
from sweep.analysis.sides import COMPARED
from sweep.analysis.tables import Choices, Findings, best, by_rate, find, summary

__all__ = [
    "COMPARED",
    "CRITERIA",
    "MEASURES",
    "RATE_MEASURES",
    "Bootstrap",
    "Choices",
    "Comparison",
    "Findings",
    "Responses",
    "best",
    "by_rate",
    "compare",
    "find",
    "sentences",
    "summary",
]
