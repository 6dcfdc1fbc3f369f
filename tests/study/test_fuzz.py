"""Whatever is done to a study file, it is a study or is refused in one line, soon and cheaply."""

import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sklearn.datasets  # noqa: F401 - its import takes longer than a study may, which is no reading

from sweep.errors import RequestError
from sweep.study import STARTER, Study, parse_study, shipped_studies
from sweep.study.document import MAX_BYTES
from sweep.study.fields import FIELDS

from .course import EVERYTHING, course

POINTS = """
[network]
layers = [2, 3, 2]

[data]
name = "moons"
samples = 20
noise = 0.1
seed = 3
one_hot = true
standardise = "inputs"

[validation]
share = 0.25
seed = 1

[initial]
scheme = "he"

[training]
steps = 9

[axes]
where = "learning_rate * scale < 4 and (momentum == 0.9 or optimizer != 'sgd')"
training.optimizer = ["sgd", "momentum"]
momentum = [0.5, 0.9]
initial.scale = { geometric = [0.5, 2], num = 3 }
clip_norm = { log = [1, 10], sobol = 4, seed = 2 }
repeats = 2

[axes.zip.pair]
learning_rate = [0.1, 1.0, 10.0]
weight_decay = { linear = [0, 0.1], num = 3 }

[axes.design.search]
draw = { random = 3, seed = 1 }
initial.offset = { linear = [-1, 1] }
network.multiplier = { range = [1, 9] }
"""
FILES = """
[network]
layers = [2, 1]

[data]
file = "data.csv"
input_columns = ["a", "b"]
target_columns = ["c"]

[validation]
file = "data.csv"

[initial]
scheme = "he"

[training]
steps = 9
learning_rate = 0.5
"""
SEEDS = [
    *(path.read_text() for path in shipped_studies()),
    STARTER,
    course(*EVERYTHING).to_toml(),
    POINTS,
    FILES,
]
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
    *["{geometric=[1,2],num=9}", "{log=[1,2],random=9}", "{sobol=250000}", "{range=[0,9,2]}"],
    *["{linear=[0,1],random=250000,seed=1}", '"learning_rate > 1"', '"xor"', '"teacher"'],
    *['"white_noise"', '"iris"', '"a"', "'optimizer in [\"sgd\"]'", '"momentum"', "[0, 1]"],
    *[
        "1000000",
        "{log=[1,2],num=250000}",
        '"/etc/passwd"',
        '"../data.csv"',
        '"data.csv"',
        '"' + "x" * 300 + '"',
    ],
    *["{range=[0,3]}", '"sigmoid"', '"float32"', '"every 0"', '"every 9"', '"log 9"'],
]
FRAGMENTS = [
    *VALUES,
    *(field.name for field in FIELDS),
    *(f"axes.{field.axis}" for field in FIELDS),
    *["axes.where", "axes.repeats", "[axes.zip.a]", "[axes.design.a]", "draw", "axes.zip.b.seed"],
    *[" and ", " or ", " not ", " in ", "(", ")", "<", "==", "*", "- "],
    *["axes=", "[axes]", "[[axes]]", "learning_rate.0", "#", ".", ",", "=", "é", "\u2028"],
    *["[", "]", "{", "}", '"', "'", '"""', "\n", "\r", "\0", "\x1b", "\\"],
]

DIRECTORY = Path(__file__).parent / "fuzzed"
SECONDS = 2.0
"""Of the processor's time, the collection of what other tests left included; the clock's would
depend on what else the machine does."""


@contextmanager
def bounded(seconds: float, extra_bytes: int) -> Iterator[None]:
    """Fail what takes more of the processor's time or of memory."""

    def stop(*_: object) -> None:
        raise TimeoutError

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc").is_dir() else 0
    limits = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        used = pages * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + extra_bytes, limits[1]))
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
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
        with bounded(SECONDS, 2**28):
            study = parse_study(text, "fuzzed", DIRECTORY, overrides)
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


def counts(quick: int, check: int, soak: int) -> pytest.MarkDecorator:
    """How many there are in each of the three sets of tests."""
    marked = [
        pytest.param(check, marks=pytest.mark.check),
        pytest.param(soak, marks=pytest.mark.soak),
    ]
    return pytest.mark.parametrize("count", [quick, *marked])


@counts(300, 2_000, 100_000)
def test_mutated_files(count: int) -> None:
    draw = random.Random(20)
    studies, refusals = survey(outcome(mutate(draw.choice(SEEDS), draw)) for _ in range(count))
    assert studies > count / 20
    assert refusals > count / 10


@counts(2, 5, 200)
def test_mutated_files_through_the_command(count: int, tmp_path: Path) -> None:
    """A valid study, or one line and status 2."""
    draw = random.Random(23)
    for _ in range(count):
        (tmp_path / "fuzzed.toml").write_text(mutate(draw.choice(SEEDS), draw), newline="")
        code = "import sys; from sweep.cli import main; sys.argv[0] = 'sweep'; main()"
        command = [sys.executable, "-c", code, "status", "./fuzzed.toml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            assert done.stdout.startswith("fuzzed: 0 of ")
        else:
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith("sweep: fuzzed.toml")
            assert done.stderr.count("\n") == 1


def test_reading_a_study_imports_nothing_heavy(tmp_path: Path) -> None:
    """Neither what compiles nor what draws: a command answers at once."""
    (tmp_path / "points.toml").write_text(POINTS)
    script = (
        "import sys; from pathlib import Path; from sweep.study import load_study;"
        "print(load_study(Path('points.toml')).trials); heavy = {'numba', 'llvmlite', 'pandas',"
        "'scipy', 'sklearn', 'pyarrow', 'matplotlib'}; print(heavy & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    trials, heavy = done.stdout.splitlines()
    assert int(trials) > 0
    assert heavy == "set()"


@counts(400, 3_000, 30_000)
def test_mutated_overrides(count: int) -> None:
    draw = random.Random(21)
    keys = [*(field.name for field in FIELDS), *(f"axes.{field.axis}" for field in FIELDS), "axes"]
    edits = (f"{draw.choice(keys)}={draw.choice(VALUES)}" for _ in range(count))
    chosen = (edit if draw.random() < 0.7 else mutate(edit, draw) for edit in edits)
    studies, refusals = survey(outcome(draw.choice(SEEDS), edit) for edit in chosen)
    assert studies > count / 100
    assert refusals > count / 30


LARGE = {
    "quotes": '"' * 250_000,
    "backslashes": 'a = "' + "\\" * 250_000,
    "blanks before an equals sign": "a" + " " * 250_000,
    "empty lists": "a = [" + "[]," * 85_000 + "]",
    "comments": "#\n" * 125_000,
    "tables": "".join(f"[a{i}]\n" for i in range(25_000)),
    "keys in dotted tables": "".join(f"a.b.c.d.e.f.g{i} = 1\n" for i in range(10_000)),
    "arrays of tables": "[[a]]\n" * 40_000,
    "an inline table": "a = {" + ",".join(f"b{i} = 1" for i in range(20_000)) + "}",
    "digits": "[training]\nsteps = 1." + "1" * 250_000,
    "escapes": 'title = "' + "\\u0041" * 40_000 + '"',
    "samples": "[data]\ninputs = [" + "[1]," * 50_000 + "]",
    "a key": "k" * 250_000 + " = 1",
    "axis values": "[axes]\nlearning_rate = [" + "1," * 125_000 + "]",
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_refused_soon_and_cheaply(name: str) -> None:
    assert MAX_BYTES * 0.7 < len(LARGE[name]) <= MAX_BYTES
    assert isinstance(outcome(LARGE[name]), str)
