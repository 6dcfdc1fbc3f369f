"""What optimizers, batches and the rest cost: ours against ours, `python -m benchmarks.costs`.

All on the network 16-16-1 with 272 samples, beside plain gradient descent on all of them: rounds of
one turn each, the ratio of the seconds within a round, for equally many samples seen.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from rich.table import Table

from benchmarks.contest import TOLERANCES, Rules
from benchmarks.networks import NETWORKS
from benchmarks.options import add_rules, confine, console, rules, save, spread
from sweep.errors import RequestError
from sweep.instrument.ours import chunks, group
from sweep.instrument.rounds import interleaved
from sweep.training.trainer import prepare, shape_of, train

CASE = NETWORKS["16-16-1"]
EPOCHS = CASE.steps
_OWN_ORDERS = "batch_seed"
_PORTION = 128  # trials: a multiple of any number of lanes times a few threads


@dataclass(frozen=True)
class Row:
    """One way to train the network.

    Attributes:
        settings: fields of the study that differ from plain gradient descent's.
        batch: samples a step; an epoch's last one may have fewer.
        own: whether each trial has an order of its own.
        most: what its cost over plain gradient descent is meant to be at most, if anything.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch: int = len(CASE.inputs)
    own: bool = False
    most: float | None = None

    @property
    def steps(self) -> int:
        """As many as see every sample so many times: an epoch's are rounded up."""
        return EPOCHS * -(-len(CASE.inputs) // self.batch)


def _optimizers() -> Iterator[Row]:
    for name in ("momentum", "nesterov", "rmsprop", "adam", "adamw"):
        yield Row(name, {"training.optimizer": name}, most=1.5 if name == "adam" else None)


def _batches() -> Iterator[Row]:
    for size in (32, 64, 128):
        settings = {"batch.size": size}
        yield Row(f"batches of {size}", settings, size, most=1.15)
        yield Row(f"batches of {size}, own orders", settings, size, own=True)
    drawn = {"batch.size": 34, "batch.order": "replacement"}
    yield Row("batches of 34, with replacement", drawn, 34, most=1.15)
    yield Row("batches of 34, with replacement, own orders", drawn, 34, own=True)
    for name in ("adam", "momentum"):
        settings = {"batch.size": 32, "training.optimizer": name}
        yield Row(f"batches of 32, {name}", settings, 32)


def _schedules() -> Iterator[Row]:
    needed = {
        "step": {"schedule.every": 30},
        "exponential": {"schedule.gamma": 0.999},
        "cosine": {},
        "one_cycle": {},
        "range_test": {"schedule.final": 10.0},
        "constant": {"schedule.warmup": 10},
    }
    for name, settings in needed.items():
        yield Row(f"schedule {name}", {"schedule.name": name, **settings})


def _others() -> Iterator[Row]:
    never_reached = {"outcome.target": 1e-30}
    for stop in ("target", "divergence", "either"):
        yield Row(f"stop {stop}, never met", {"training.stop": stop, **never_reached})
    yield Row("weight decay", {"training.weight_decay": 1e-4})
    yield Row("clipping by norm", {"training.clip_norm": 1.0})
    yield Row("multiplier", {"network.multiplier": 0.5})
    other = {
        "validation.inputs": [list(row) for row in CASE.inputs],
        "validation.targets": [list(row) for row in CASE.targets],
    }
    for steps in ("every 10", "every step"):
        yield Row(f"loss recorded {steps}", {"record.loss": steps})
        yield Row(f"validation recorded {steps}", {"record.loss": steps, **other})


PLAIN = Row("sgd")
ROWS = [PLAIN, *_optimizers(), *_batches(), *_schedules(), *_others()]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dtypes", nargs="+", choices=TOLERANCES, default=list(TOLERANCES))
    parser.add_argument("--only", nargs="+", default=[""], help="rows whose name has one of these")
    add_rules(parser)
    parser.set_defaults(seconds=0.2)
    options = parser.parse_args(arguments)
    confine(options.threads)
    chosen = [row for row in ROWS if row is PLAIN or any(part in row.name for part in options.only)]
    found = [_measured(chosen, dtype, rules(options)) for dtype in options.dtypes]
    for dtype, turns in zip(options.dtypes, found, strict=True):
        _report(chosen, dtype, turns)
    console.print(f"Saved to {save(pd.concat(found), options.results, 'costs')}")


def _measured(rows: Sequence[Row], dtype: str, held: Rules) -> pd.DataFrame:
    """A row a turn: dtype, round, name, seconds, and those over plain gradient descent's."""
    turns = dict(_turns(rows, dtype, held))
    for turn in turns.values():
        turn()  # memory, once
    table = interleaved(turns, held.rounds).rename(columns={"turn": "name"}).assign(dtype=dtype)
    plain = table[table["name"] == PLAIN.name].set_index("round")["seconds"]
    return table.assign(over_plain=table["seconds"] / table["round"].map(plain))


def _turns(
    rows: Sequence[Row], dtype: str, held: Rules
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What trains each row; those that sweep refuses are named and left out."""
    pool = ThreadPoolExecutor(held.threads)
    trials = held.trials or _trials(dtype, held, pool)
    for row in rows:
        try:
            yield row.name, _turn(row, dtype, trials, held.threads, pool)
        except RequestError as error:
            console.print(f"{row.name}: left out ({error})", style="dim")


def _trials(dtype: str, held: Rules, pool: ThreadPoolExecutor) -> int:
    """How many take plain gradient descent about so long: whole blocks for every thread."""
    turn = _turn(PLAIN, dtype, _PORTION, held.threads, pool)
    turn()
    start = time.perf_counter()
    turn()
    return max(1, round(held.seconds / (time.perf_counter() - start))) * _PORTION


def _turn(
    row: Row, dtype: str, trials: int, threads: int, pool: ThreadPoolExecutor
) -> Callable[[], object]:
    axes = {_OWN_ORDERS: f"{{ range = [0, {trials}] }}"} if row.own else {}
    settings = {"training.steps": row.steps, **row.settings}
    asked = group(CASE, dtype, trials, settings, **axes)
    prepare(asked)
    parts = chunks(asked, threads, shape_of(asked).lanes)
    return lambda: list(pool.map(lambda part: train(asked, part), parts))


def _report(rows: Sequence[Row], dtype: str, turns: pd.DataFrame) -> None:
    table = Table(dtype, "over sgd", "range", "at most", title="seconds for as many samples")
    for row in rows:
        ratios = turns.loc[turns["name"] == row.name, "over_plain"]
        if len(ratios):
            late = row.most is not None and ratios.median() > row.most
            wanted = "" if row.most is None else f"{row.most}: {'missed' if late else 'kept'}"
            table.add_row(row.name, *spread(ratios), wanted)
    console.print(table)


if __name__ == "__main__":
    main()
