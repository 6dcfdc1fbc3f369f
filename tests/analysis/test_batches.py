"""Of mini-batches all conclusions rest on all data: best, by_rate and compare against plain pandas.

The losses are worked out here from the saved parameters, in NumPy, on all training and all
validation samples; nothing of sweep's measures is used.
"""

import numpy as np
import pandas as pd
import pytest

from sweep import best, by_rate, compare, run
from sweep.store.results import Results

STUDY = """
[network]
layers = [2, 4, 1]
bias = true
activation = ["tanh", "sigmoid"]
loss = "binary_cross_entropy"
[data]
name = "spirals"
samples = 100
[validation]
share = 0.3
[batch]
size = 32
[initial]
scheme = "xavier"
[training]
steps = 60
[axes]
"training.optimizer" = ["sgd", "adam"]
learning_rate = [0.01, 0.1, 1.0, 30.0]
seed = [0, 1, 2]
[outcome]
target = 0.66
"""

KEYS = ["training.optimizer", "learning_rate"]
RTOL = 1e-12  # sums in another order


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    folder = tmp_path_factory.mktemp("batches")
    (folder / "small.toml").write_text(STUDY)
    (folder / "large.toml").write_text(STUDY.replace("size = 32", "size = 64"))
    small, large = (run(folder / f"{name}.toml", results=folder) for name in ("small", "large"))
    return small, large


def medians(results: Results) -> pd.DataFrame:
    """The median losses and accuracy on all samples, by optimizer and rate."""
    rows = results.parameters().groupby("trial", as_index=False).last()
    w1 = np.stack([[rows[f"w1_{to}_{i}"] for i in (1, 2)] for to in range(1, 5)])
    w2 = np.stack([rows[f"w2_1_{i}"] for i in range(1, 5)])
    b1 = np.stack([rows[f"b1_{to}"] for to in range(1, 5)])

    def judged(inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hidden = np.tanh(np.einsum("jit,si->sjt", w1, inputs) + b1)
        z = np.einsum("jt,sjt->st", w2, hidden) + rows["b2_1"].to_numpy()
        return (np.logaddexp(0, z) - targets * z).mean(0), ((z > 0) == (targets > 0.5)).mean(0)

    (group, *_) = results.study.groups()
    validation = group.validation
    assert validation is not None
    found = rows[KEYS].assign(final_loss=judged(group.data.inputs, group.data.targets)[0])
    loss, accuracy = judged(validation.inputs, validation.targets)
    found = found.assign(validation_loss=loss, validation_accuracy=accuracy)
    return found.groupby(KEYS).median()


def test_the_best_rate_is_that_of_the_losses_on_all_data(trained: tuple[Results, ...]) -> None:
    for results in trained:
        own, table = medians(results), best(results)
        assert table["by"].iloc[0] == "validation_loss"
        for row in table[table["by"].isin(own.columns)].to_dict("records"):
            there = own.loc[row["training.optimizer"], row["by"]]
            most = there.max() if row["by"] == "validation_accuracy" else there.min()
            assert row["value"] == pytest.approx(most, rel=RTOL)
            assert there[row["best_rate"]] == pytest.approx(most, rel=RTOL)


def test_each_rate_has_the_median_of_the_losses_on_all_data(trained: tuple[Results, ...]) -> None:
    for results in trained:
        own, table = medians(results), by_rate(results).set_index(KEYS)
        np.testing.assert_allclose(table["final_loss"], own["final_loss"][table.index], rtol=RTOL)


def test_different_batches_are_compared_on_all_data(
    trained: tuple[Results, ...],
) -> None:
    found = compare(trained)
    assert (found.measure, found.unlike) == ("validation_loss", ())
    first, other = (medians(results)["validation_loss"] for results in trained)
    table = found.differences().set_index(KEYS)
    np.testing.assert_allclose(table["ratio"], (other / first)[table.index], rtol=RTOL)
    ratio = other.groupby(level=0).min() / first.groupby(level=0).min()
    at_best = found.at_best().set_index("training.optimizer")["ratio"]
    np.testing.assert_allclose(at_best, ratio[at_best.index], rtol=RTOL)
