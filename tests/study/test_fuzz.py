"""Whatever is done to a study file, it is a study or is refused in one line, soon and cheaply."""

import random
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweep.errors import RequestError
from sweep.study import STARTER, Study, parse_study, shipped_studies
from sweep.study.fields import FIELDS

from .course import EVERYTHING, course

SEEDS = [*(path.read_text() for path in shipped_studies()), STARTER, course(*EVERYTHING).to_toml()]
VALUES = [
    *["nan", "inf", "-inf", "-0.0", "1e999", "-1", "0", "1", "2.5", "9223372036854775808"],
    *["0xffffffffffffffffffffffff", "true", '""', '"x"', "'''x'''", '"\\u0000"', "2020-01-01"],
    *["[]", "[[]]", "[1,2]", "[[1,2],[3]]", "[[[1,2],[3,4]],[[5,6],[7,8]]]", '["tanh"]', "{}"],
    *["{a=1}", "{log=[1,2],num=3}", "{linear=[0,1],num=2}", "{log=[1e-308,1e308],num=99}"],
    *[
        "[[0,1],[1,0]]",
        '"shuffle"',
        '"cosine"',
        '"adamw"',
        '"softmax"',
        '"huber"',
        '"o.csv"',
        "0.5",
    ],
    *["{range=[0,3]}", '"sigmoid"', '"float32"', '"every 0"', '"every 9"', '"log 9"'],
]
FRAGMENTS = [
    *VALUES,
    *(field.name for field in FIELDS),
    *(f"axes.{field.axis}" for field in FIELDS),
    *["axes=", "[axes]", "[[axes]]", "learning_rate.0", "#", ".", ",", "=", "é", "\u2028"],
    *["[", "]", "{", "}", '"', "'", '"""', "\n", "\r", "\0", "\x1b", "\\"],
]


@contextmanager
def bounded(seconds: int, extra_bytes: int) -> Iterator[None]:
    """Fail what runs longer or takes more memory."""

    def stop(*_: object) -> None:
        raise TimeoutError

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc").is_dir() else 0
    limits = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        used = pages * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + extra_bytes, limits[1]))
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def mutate(text: str, draw: random.Random) -> str:
    """`text` with one to four accidents."""
    for _ in range(draw.randint(1, 4)):
        lines = text.split("\n")
        at, start = draw.randrange(len(lines)), draw.randrange(len(text) + 1)
        key, equals, _ = lines[at].partition("=")
        stop = start + draw.randint(0, 12)
        match draw.randrange(7):
            case 0:
                text = text[:start] + draw.choice(FRAGMENTS) + text[start:]
            case 1:
                text = text[:start] + text[stop:]
            case 2:
                text = text[:start] + draw.choice(FRAGMENTS) + text[stop:]
            case 3 if equals:
                lines[at] = f"{key}= {draw.choice(VALUES)}"
                text = "\n".join(lines)
            case 4:
                lines.insert(draw.randrange(len(lines)), lines.pop(at))
                text = "\n".join(lines)
            case 5:
                lines[at] = f"{draw.choice(FRAGMENTS)} = {draw.choice(VALUES)}"
                text = "\n".join(lines)
            case _:
                text = text[:start] + text[start:stop] * draw.choice([2, 3, 50]) + text[stop:]
    return text


def outcome(text: str, *overrides: str) -> Study | str:
    try:
        with bounded(seconds=20, extra_bytes=2**30):
            study = parse_study(text, "fuzzed", Path(), overrides)
            assert study.trials == sum(group.trials for group in study.groups())
            return study
    except RequestError as error:
        refusal = str(error)
    assert refusal.isprintable()
    assert len(refusal) < 700
    return refusal


def survey(outcomes: Iterator[Study | str]) -> tuple[int, int]:
    """How many were studies, and how many different refusals there were."""
    found = list(outcomes)
    refusals = {text for text in found if isinstance(text, str)}
    return sum(isinstance(item, Study) for item in found), len(refusals)


def test_mutated_files() -> None:
    draw = random.Random(20)
    studies, refusals = survey(outcome(mutate(draw.choice(SEEDS), draw)) for _ in range(3_000))
    assert studies > 200
    assert refusals > 500


@pytest.mark.soak
def test_many_mutated_files() -> None:
    draw = random.Random(22)
    survey(outcome(mutate(draw.choice(SEEDS), draw)) for _ in range(300_000))


def test_mutated_overrides() -> None:
    draw = random.Random(21)
    keys = [*(field.name for field in FIELDS), *(f"axes.{field.axis}" for field in FIELDS), "axes"]
    edits = (f"{draw.choice(keys)}={draw.choice(VALUES)}" for _ in range(2_000))
    chosen = (edit if draw.random() < 0.7 else mutate(edit, draw) for edit in edits)
    studies, refusals = survey(outcome(draw.choice(SEEDS), edit) for edit in chosen)
    assert studies > 50
    assert refusals > 300


LARGE = {
    "quotes": '"' * 10**6,
    "backslashes": 'a = "' + "\\" * 10**6,
    "blanks before an equals sign": "a" + " " * 10**6,
    "empty lists": "a = [" + "[]," * 300_000 + "]",
    "comments": "#\n" * 500_000,
    "tables": "".join(f"[a{i}]\n" for i in range(100_000)),
    "keys in dotted tables": "".join(f"a.b.c.d.e.f.g{i} = 1\n" for i in range(40_000)),
    "arrays of tables": "[[a]]\n" * 170_000,
    "an inline table": "a = {" + ",".join(f"b{i} = 1" for i in range(80_000)) + "}",
    "digits": "[training]\nsteps = 1." + "1" * 10**6,
    "escapes": 'title = "' + "\\u0041" * 150_000 + '"',
    "samples": "[data]\ninputs = [" + "[1]," * 200_000 + "]",
    "a key": "k" * 10**6 + " = 1",
    "axis values": "[axes]\nlearning_rate = [" + "1," * 400_000 + "]",
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_refused_soon_and_cheaply(name: str) -> None:
    assert isinstance(outcome(LARGE[name]), str)
