"""What is known of every trial: measures, one number each, and an outcome."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One number a trial.

    Attributes:
        name: the column.
        words: what people call it.
        symbol: its sign in print, as matplotlib takes it.
        unit: "loss", "step", "share" or "ratio".
        larger_is_better: whether more of it is better.
        logarithmic: whether it is shown on a logarithmic scale where it spans decades.
        at_the_end: whether it says how training ended, so that a trial that diverged has none,
            whatever its column says.
        needs: "validation", "batches" or "curves", if only a study with these has it; "asking", if
            only one that names it in `record.measures`.
        derived_from: the columns that it is computed from, if none is kept of it.
    """

    name: str
    words: str
    symbol: str = ""
    unit: str = "loss"
    larger_is_better: bool = False
    logarithmic: bool = True
    at_the_end: bool = False
    needs: str = ""
    derived_from: tuple[str, ...] = ()


_E = "$E_T$"

MEASURES: Mapping[str, Measure] = {
    row.name: row
    for row in (
        Measure("initial_loss", "loss before the first step", _E),
        Measure("final_loss", "final loss", _E, at_the_end=True),
        Measure("best_loss", "lowest loss", _E),
        Measure("best_step", "step of the lowest loss", unit="step"),
        Measure("max_loss", "highest loss", _E),
        Measure("tail_loss", "mean of the last 20 losses", _E, at_the_end=True),
        Measure("steps_to_target", "steps to reach the target", unit="step"),
        Measure("diverged_at", "step of divergence", unit="step"),
        Measure("validation_loss", "loss on validation data", at_the_end=True, needs="validation"),
        Measure(
            "validation_accuracy",
            "accuracy on validation data",
            unit="share",
            larger_is_better=True,
            logarithmic=False,
            at_the_end=True,
            needs="validation",
        ),
        Measure(
            "overshoot",
            "highest loss over the initial one",
            unit="ratio",
            derived_from=("initial_loss", "max_loss"),
        ),
        Measure(
            "area_under_curve",
            "mean loss over the steps",
            _E,
            needs="curves",
        ),
        Measure(
            "loss_sum",
            "sum of the losses, each over the first",
            unit="ratio",
            needs="asking",
        ),
        Measure(
            "inverse_loss_sum",
            "sum of the first loss over each",
            unit="ratio",
            larger_is_better=True,
            needs="asking",
        ),
        Measure("largest_rise", "largest rise above the lowest loss before", _E, needs="asking"),
        Measure("period", "period of the last 20 losses", unit="step", needs="asking"),
        Measure(
            "lyapunov_exponent",
            "Lyapunov exponent of a step",
            unit="ratio",
            logarithmic=False,
            at_the_end=True,
            needs="asking",
        ),
    )
}
"""By column. The kept ones come first, in the order of the saved columns."""

TRAINING_MEASURES = tuple(
    row.name for row in MEASURES.values() if not row.needs and not row.derived_from
)
"""Those that every study keeps."""

VALIDATION_MEASURES = tuple(row.name for row in MEASURES.values() if row.needs == "validation")
"""Those that a study with validation data keeps too."""

CURVE_MEASURES = tuple(row.name for row in MEASURES.values() if row.needs == "asking")
"""Those of the whole curve, which a study keeps that names them in `record.measures`.

With v_t the loss at step t over that at step 0, and `CAP` where that is more or no number,
`loss_sum` is the sum of v_t over all steps and `inverse_loss_sum` that of 1 / v_t.
`largest_rise` is the largest of what a loss is above the lowest one up to it, infinite where a loss
was no number. `period` is the smallest p up to 10 for which each of the last 20 losses is that p
steps before, to 1e-6 (in float32 1e-4) of the largest of them, if all are numbers and there are as
many; 1 is a loss that stands still. `lyapunov_exponent` is the mean over the second half of the
steps of ln(d / 1e-8), d the distance in parameters to a twin that was 1e-8 (in float32 3e-4) away
before the step and is brought back to that after it, d being at least its last digit: above 0 there
is chaos. A trial that stopped has the mean of the steps it took, if any of them was there.

A trial that has stopped goes on with its last loss. With mini-batches these are sums over the loss
before the first step, those of epochs, and the last one; `period` counts epochs.
"""

CAP = 1e6
"""What a loss counts as that is more times the first one, or no number (Sohl-Dickstein, 2024)."""


OUTCOMES = ("converged", "stalled", "diverged")
"""What became of a trial, from the best to the worst; saved codes are positions here.

Converged: its loss reached the study's target; stalled: it is finite and did not; diverged: a loss
was not finite or exceeded the study's bound.
"""
