"""Optuna's ask and tell, a thousand trials at a time: the sampler proposes, one call trains all."""

import optuna
import pandas as pd

import sweep


def search(rounds: int = 4, batch: int = 1000, seed: int = 0) -> optuna.Study:
    """Look for the rates of the two layers, and the optimizer, that end with the least loss."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    asked = sweep.load_study("lr_response", ["axes={ learning_rate=[1.0] }"])
    sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=False, n_ei_candidates=8)
    found = optuna.create_study(sampler=sampler)
    for _ in range(rounds):
        trials = [found.ask() for _ in range(batch)]
        points = pd.DataFrame(
            {
                "optimizer": [
                    trial.suggest_categorical("optimizer", ["sgd", "momentum"]) for trial in trials
                ],
                "learning_rate": [
                    trial.suggest_float("rate", 1e-3, 1e3, log=True) for trial in trials
                ],
                "learning_rate.1": [
                    trial.suggest_float("last", 1e-3, 1e3, log=True) for trial in trials
                ],
            }
        )
        losses = sweep.evaluate(asked, points, measures=["final_loss"])["final_loss"]
        for trial, loss in zip(trials, losses, strict=True):
            found.tell(trial, float(loss))
    return found


if __name__ == "__main__":
    best = search().best_trial
    print(f"loss {best.value:.3g} with {best.params}")
