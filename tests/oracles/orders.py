"""The samples of every step, drawn from a seed: a shuffle an epoch, or with replacement.

Philox (see `philox`) has the seed for its key; its counter is the number of a block of words, the
epoch or step in two words, and a word that keeps these draws apart from those of initial weights.
"""

from collections.abc import Iterator

from .philox import philox

SHUFFLE, REPLACEMENT = 1, 2


def batches(
    order: str, seed: int, samples: int, size: int, steps: int
) -> tuple[tuple[int, ...], ...]:
    """The samples of steps 0 ... steps - 1; the last batch of a shuffle may be smaller."""
    if order == "replacement":
        return tuple(tuple(_replaced(seed, step, samples, size)) for step in range(steps))
    found: list[tuple[int, ...]] = []
    for epoch in range(steps):
        order_of_all = _shuffled(seed, epoch, samples)
        found += [tuple(order_of_all[at : at + size]) for at in range(0, samples, size)]
    return tuple(found[:steps])


def _words(seed: int, position: int, purpose: int) -> Iterator[int]:
    key, block = (seed & 0xFFFFFFFF, seed >> 32), 0
    while True:
        yield from philox((block, position & 0xFFFFFFFF, position >> 32, purpose), key)
        block += 1


def _shuffled(seed: int, epoch: int, samples: int) -> list[int]:
    """Durstenfeld, "Algorithm 235: random permutation", 1964."""
    order, words = list(range(samples)), _words(seed, epoch, SHUFFLE)
    for last in range(samples - 1, 0, -1):
        chosen = next(words) * (last + 1) >> 32
        order[last], order[chosen] = order[chosen], order[last]
    return order


def _replaced(seed: int, step: int, samples: int, size: int) -> list[int]:
    words = _words(seed, step, REPLACEMENT)
    return [next(words) * samples >> 32 for _ in range(size)]
