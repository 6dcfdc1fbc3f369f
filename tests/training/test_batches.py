"""Mini-batches: whatever the order comes from, steps and losses are those of the batches."""

from pathlib import Path

import numpy as np
import pytest

from sweep.study import Group, parse_study
from sweep.training import block
from sweep.training.trained import Trained
from sweep.training.trainer import shape_of, train

from .arrays import bits_of
from .groups import descent_of, every_trial, expected_of, group

STUDY = """
[network]
layers = [3, 4, 2]
activation = ['tanh', 'sigmoid']
bias = true
loss = 'binary_cross_entropy'
[data]
inputs = [
  [0.3, -1.2, 0.1], [-0.4, 0.9, -0.9], [1.1, 0.2, 0.6], [0.0, 0.5, 0.7], [0.6, -0.2, -0.1],
  [-0.7, -0.3, 0.4], [0.8, 0.8, -0.5],
]
targets = [[0.2, 0.7], [0.9, 0.1], [0.4, 0.3], [0.1, 1.0], [0.5, 0.0], [1.0, 1.0], [0.3, 0.6]]
[initial]
scheme = 'xavier'
seed = 3
[training]
steps = 23
learning_rate = 0.3
[record]
parameters = 'every step'
"""
# Seven samples: batches of 3 leave one over, of 7 are whole epochs, of 1 are the noisiest.
KINDS = [(order, size) for order in ("shuffle", "replacement") for size in (1, 3, 7)]
ADAM = ["training.optimizer='adam'", "training.learning_rate=0.01"]
kinds = pytest.mark.parametrize(("order", "size"), KINDS)
TABLES = {
    "of every size of epoch": [[0, 1], [5, 5], [6, 2], [3, 4], [1, 0]],
    "of one step": [[6, 5, 4, 3, 2, 1, 0]],
    "of single samples": [[2], [0], [0]],
    "with more than all samples": [[0, 1, 2, 3, 4, 5, 6, 0, 1]],
}


def run(*edits: str) -> tuple[Group, Trained]:
    study = group(STUDY, *edits)
    return study, train(study, every_trial(study))


def follow_the_oracle(study: Group, found: Trained) -> None:
    for trial in every_trial(study):
        initial = found.parameters[trial, 0].astype(np.float64)
        losses, parameters = expected_of(study, trial, initial)
        # 23 steps of numbers about 1, some roundings each
        tolerance = {"float64": 1e-13, "float32": 1e-5}[study.training.dtype]
        np.testing.assert_allclose(found.batch_losses[trial], losses, rtol=tolerance)
        np.testing.assert_allclose(found.parameters[trial], parameters, rtol=0, atol=tolerance)


@pytest.mark.quick("shuffle-3")
@kinds
def test_an_order_that_all_trials_share(order: str, size: int) -> None:
    edits = [f"batch={{ size = {size}, order = '{order}', seed = 11 }}", "axes.seed=[1, 2, 3]"]
    study, found = run(*edits)
    assert not study.own_orders
    follow_the_oracle(study, found)


@pytest.mark.quick("replacement-3")
@kinds
def test_orders_of_each_trials_own(order: str, size: int) -> None:
    """The same bits as where the order is shared: it is a function of its seed alone."""
    seeds = [0, 11, 2**40]
    study, found = run(f"batch={{ size = {size}, order = '{order}' }}", f"axes.batch_seed={seeds}")
    assert study.own_orders
    follow_the_oracle(study, found)
    _, shared = run(f"batch={{ size = {size}, order = '{order}', seed = 11 }}")
    np.testing.assert_array_equal(bits_of(found.parameters[1]), bits_of(shared.parameters[0]))
    np.testing.assert_array_equal(bits_of(found.batch_losses[1]), bits_of(shared.batch_losses[0]))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table(table: list[list[int]]) -> None:
    follow_the_oracle(*run(f"batch.table={table}", "axes.learning_rate=[0.3, 0.1]"))


@pytest.mark.parametrize("ending", ["csv", "npy"])
def test_a_table_in_a_file(ending: str, tmp_path: Path) -> None:
    rows = np.array(TABLES["of every size of epoch"])
    if ending == "csv":
        np.savetxt(tmp_path / "order.csv", rows, "%d", ",")
    else:
        np.save(tmp_path / "order.npy", rows)
    (study,) = parse_study(STUDY, "test", tmp_path, [f"batch.file='order.{ending}'"]).groups()
    assert descent_of(study).batches == tuple(map(tuple, rows.tolist()))
    follow_the_oracle(study, train(study, every_trial(study)))


@pytest.mark.quick("batch_seed-adam")
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("axis", ["seed", "batch_seed"])
def test_other_optimizers(optimizer: str, axis: str) -> None:
    edits = [f"training.optimizer='{optimizer}'", "training.learning_rate=0.01"]
    follow_the_oracle(*run("batch.size=3", f"axes.{axis}=[1, 2]", *edits))


@pytest.mark.check  # `make test` has such networks in the laws of bits and with single samples
@pytest.mark.parametrize("edits", [["batch.size=3"], ["batch={ size=40, order='replacement' }"]])
@pytest.mark.parametrize("axis", ["seed", "batch_seed"])
def test_a_network_too_large_for_registers(edits: list[str], axis: str) -> None:
    """A batch is less than a tile of samples, or several tiles and a part of one."""
    generator = np.random.default_rng(5)
    inputs, targets = generator.uniform(-1, 1, (45, 3)), generator.uniform(0, 1, (45, 2))
    large = ["network.layers=[3, 17, 9, 2]", "network.activation=['tanh', 'silu', 'sigmoid']"]
    data = f"data={{ inputs={inputs.tolist()}, targets={targets.tolist()} }}"
    study, found = run(data, *edits, *large, "training.steps=8", f"axes.{axis}=[1, 2]")
    assert not shape_of(study).network.unrolled
    follow_the_oracle(study, found)


@pytest.mark.parametrize("edits", [["batch.size=3"], ["schedule={ name='cosine' }"]])
def test_what_the_kernel_is_handed_at_a_time_does_not_matter(
    edits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples and factors come in tables of limited length; a long run takes several."""
    _, whole = run(*edits)
    monkeypatch.setattr(block, "_TABLE", 14)
    _, parts = run(*edits, "record.parameters='final'")
    np.testing.assert_array_equal(
        bits_of(parts.parameters[0, -1]), bits_of(whole.parameters[0, -1])
    )
    np.testing.assert_array_equal(bits_of(parts.batch_losses), bits_of(whole.batch_losses))


@pytest.mark.check
@pytest.mark.parametrize("axis", ["seed", "batch_seed"])
def test_float32(axis: str) -> None:
    follow_the_oracle(*run("batch.size=3", f"axes.{axis}=[1, 2]", "training.dtype='float32'"))


@pytest.mark.check
def test_a_table_of_all_samples_is_the_full_batch_to_the_bit() -> None:
    _, full = run()
    _, table = run("batch.table=[[0, 1, 2, 3, 4, 5, 6]]")
    np.testing.assert_array_equal(bits_of(table.parameters), bits_of(full.parameters))


@pytest.mark.quick("batch_seed")
@pytest.mark.parametrize("axis", ["seed", "batch_seed"])
def test_keeping_parameters_changes_nothing(axis: str) -> None:
    """Where parameters are kept the kernel is left and entered again, amid an epoch too.

    With a trial a block: what one leaves in the working memory is not what the next one had there.
    """
    edits = ["batch.size=3", f"axes.{axis}=[1, 2]", *ADAM]
    _, each = run(*edits)
    for kept in ("final", "every 2", "every 5"):
        study = group(STUDY, *edits, f"record.parameters='{kept}'")
        found = train(study, every_trial(study), lanes=1)
        np.testing.assert_array_equal(found.parameters, each.parameters[:, found.parameter_steps])
        np.testing.assert_array_equal(found.batch_losses, each.batch_losses)
