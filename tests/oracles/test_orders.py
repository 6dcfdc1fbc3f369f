from .orders import batches


def test_a_shuffle_takes_each_sample_once_an_epoch() -> None:
    found = batches("shuffle", 7, samples=7, size=3, steps=9)
    assert [len(batch) for batch in found] == [3, 3, 1] * 3
    epochs = [found[at] + found[at + 1] + found[at + 2] for at in (0, 3, 6)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(7))] * 3
    assert len(set(epochs)) == 3
    assert batches("shuffle", 7, samples=7, size=3, steps=5) == found[:5]


def test_replacement_draws_any() -> None:
    found = batches("replacement", 7, samples=3, size=5, steps=200)
    assert {len(batch) for batch in found} == {5}
    counts = [sum(batch.count(sample) for batch in found) for sample in range(3)]
    assert max(counts) - min(counts) < 100  # 1,000 draws: seven standard deviations


def test_every_seed_and_kind_has_an_order_of_its_own() -> None:
    seeds = (0, 1, 2**32, 2**63 - 1)
    found = {batches(kind, seed, 9, 9, 1) for kind in ("shuffle", "replacement") for seed in seeds}
    assert len(found) == 8
