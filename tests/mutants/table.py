"""All mutants, by what they are mistakes in."""

from . import in_arithmetic, in_learning, in_networks, in_runs, in_samples

MUTANTS = (
    *in_arithmetic.ELEMENTARY,
    *in_arithmetic.LANES,
    *in_networks.ACTIVATIONS,
    *in_networks.LOSSES,
    *in_networks.PASSES,
    *in_networks.ABREAST,
    *in_networks.EVALUATION,
    *in_learning.LEARNING,
    *in_learning.DRIFTS,
    *in_learning.OPTIMIZERS,
    *in_learning.SCHEDULES,
    *in_samples.SAMPLING,
    *in_samples.ORDERS,
    *in_runs.STEPS,
    *in_runs.MEASURES,
    *in_runs.TWINS,
    *in_runs.INSTANTS,
    *in_runs.CACHE,
)
