"""What people can name: a row each of activations, losses, optimizers, schedules, measures, ...

A row has the name, the settings and their defaults, and the words that people read. What it does is
found by that name: in the kernel (`training`), in NumPy (`analysis.networks`) and as a formula
(`course.formulas`), which stay apart and check each other.
"""

from sweep.catalogue.learning import (
    COMMON_NUMBERS,
    NUMBERS,
    OPTIMIZERS,
    ORDERS,
    RULES,
    SCHEDULES,
    STOPS,
    Number,
    Optimizer,
    Schedule,
)
from sweep.catalogue.measures import (
    CAP,
    CURVE_MEASURES,
    MEASURES,
    OUTCOMES,
    TRAINING_MEASURES,
    VALIDATION_MEASURES,
    Measure,
)
from sweep.catalogue.networks import ACTIVATIONS, DTYPES, LOSSES, SCHEMES, Activation, Loss, Scheme

__all__ = [
    "ACTIVATIONS",
    "CAP",
    "COMMON_NUMBERS",
    "CURVE_MEASURES",
    "DTYPES",
    "LOSSES",
    "MEASURES",
    "NUMBERS",
    "OPTIMIZERS",
    "ORDERS",
    "OUTCOMES",
    "RULES",
    "SCHEDULES",
    "SCHEMES",
    "STOPS",
    "TRAINING_MEASURES",
    "VALIDATION_MEASURES",
    "Activation",
    "Loss",
    "Measure",
    "Number",
    "Optimizer",
    "Schedule",
    "Scheme",
]
