"""scikit-learn's MLPRegressor, one model after another: what training by the thousand starts from.

Its gradient is that of E = 1/(2 n) sum (T - A)^2 over n samples, so that another scale of the loss
goes into the learning rate. It knows one activation for all hidden layers, none at the output, and
always has biases.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from benchmarks.arithmetic import loss_scale, split
from benchmarks.peers import Train
from sweep.instrument.networks import Case

ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu", "identity": "identity"}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """One model at a time; its products of matrices may take `threads`.

    Raises:
        NotImplementedError: it cannot express the network.
    """
    *hidden, last = case.activations
    if not case.bias or last != "identity" or len(set(hidden)) != 1:
        raise NotImplementedError(f"MLPRegressor cannot express {case.name}")
    inputs, targets = (np.array(rows, dtype) for rows in (case.inputs, case.targets))
    columns = targets[:, 0] if targets.shape[1] == 1 else targets

    def loss(parameters: np.ndarray) -> np.floating:
        model = _model(case, ACTIVATIONS[hidden[0]])
        _start(model, case, parameters, inputs, columns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # that all steps were done
            model.fit(inputs, columns)
        error = model.predict(inputs).reshape(targets.shape) - targets
        return loss_scale(case) * (error * error).sum()

    return lambda initial: np.array([loss(row) for row in initial], dtype)


def _model(case: Case, activation: str) -> MLPRegressor:
    """Plain gradient descent on all samples, which nothing ends but the number of steps."""
    samples = len(case.inputs)
    return MLPRegressor(
        hidden_layer_sizes=case.layers[1:-1],
        activation=activation,
        solver="sgd",
        alpha=0.0,
        batch_size=samples,
        learning_rate_init=case.learning_rate * 2 * loss_scale(case) * samples,
        max_iter=case.steps,
        shuffle=False,
        random_state=0,
        tol=0.0,
        n_iter_no_change=np.inf,
        momentum=0.0,
        nesterovs_momentum=False,
        warm_start=True,
    )


def _start(
    model: MLPRegressor,
    case: Case,
    parameters: np.ndarray,
    inputs: np.ndarray,
    targets: np.ndarray,
) -> None:
    """Make a model's arrays by one step, and put the initial parameters into them."""
    model.partial_fit(inputs, targets)
    for (w, b), own, own_b in zip(
        split(case, parameters), model.coefs_, model.intercepts_, strict=True
    ):
        own[...], own_b[...] = w.T, b
