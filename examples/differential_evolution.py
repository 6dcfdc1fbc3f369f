"""scipy's differential evolution, a generation a call."""

import numpy as np
from scipy.optimize import OptimizeResult, differential_evolution

import sweep


def search(generations: int = 30, population: int = 64, seed: int = 0) -> OptimizeResult:
    """Look for the logarithms of the two layers' rates that end with the least loss."""
    asked = sweep.load_study("lr_response", ["axes={ learning_rate=[1.0] }"])

    def losses(logarithms: np.ndarray) -> np.ndarray:
        """The logarithm of the final loss (S,) at logarithms (2, S) of the rates."""
        rates = 10.0**logarithms
        points = {"learning_rate": rates[0], "learning_rate.1": rates[1]}
        found = sweep.evaluate(asked, points, measures=["final_loss"])["final_loss"].to_numpy()
        return np.where(np.isfinite(found), np.log10(found), 300.0)

    return differential_evolution(
        losses,
        bounds=[(-3, 3), (-3, 3)],
        vectorized=True,
        updating="deferred",
        maxiter=generations,
        popsize=population,
        rng=seed,
        polish=False,
        tol=0,
    )


if __name__ == "__main__":
    best = search()
    print(f"loss {10**best.fun:.3g} at the rates {10**best.x}")
