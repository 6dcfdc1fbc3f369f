"""The command line as a user meets it: run as a process, judged by what it prints and returns."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from openpyxl import load_workbook

import sweep as package
from sweep.cli import app, main
from sweep.cli.ending import cause
from sweep.cli.terminal import printable, tell, use_what_it_has
from sweep.instrument.networks import NETWORKS
from sweep.runs.progress import duration, short
from sweep.views.kinds import KINDS
from tests.benchmarks.small import COURSE

DOCUMENT = Path(__file__).parents[1] / "docs" / "commands.md"

STUDY = """
title = "Two rates [from] a $test"
[network]
layers = [2, 2, 2]
activation = "sigmoid"
bias = false
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
[training]
steps = 30
[axes]
learning_rate = [0.5, 2.0]
[outcome]
target = 0.05
"""


@dataclass
class Done:
    """What a command returned and printed."""

    returncode: int
    stdout: str
    stderr: str


def process(*arguments: str, cwd: Path, before: str = "", **environment: str) -> Done:
    """Run the command as a process, `before` in front of it."""
    code = f"import sys; from sweep.cli import main; sys.argv[0] = 'sweep'\n{before}\nmain()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, check=False, env=os.environ | environment
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def sweep(*arguments: str, cwd: Path) -> Done:
    """Run the command in this process, which is faster."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["sweep", *arguments])
        handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as end:
                main()
        finally:
            for one, handler in handlers.items():
                signal.signal(one, handler)
    return Done(int(str(end.value.code)), out.getvalue(), err.getvalue())


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A directory with one study, `two`, in its experiments."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "two.toml").write_text(STUDY)
    return tmp_path


def refused(*arguments: str, cwd: Path) -> str:
    """Run a command that must be refused in one line, and leave nothing; return the line."""
    before = sorted(cwd.rglob("*"))
    done = sweep(*arguments, cwd=cwd)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert re.fullmatch(r"sweep: [^\n]+\n", done.stderr)
    assert sorted(cwd.rglob("*")) == before
    return done.stderr


def test_a_study_is_run_once_and_looked_at(here: Path) -> None:
    first = sweep("run", "two", cwd=here)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("two: trained 2 of 2 trials in ")
    assert first.stdout.endswith("  1 converged, 1 stalled\n  results/two\n")
    second = sweep("run", "two", "--threads", "1", cwd=here)
    assert second.stdout.startswith("two: nothing to do, all 2 trials are trained\n")
    status = sweep("status", "two", cwd=here).stdout
    assert status.startswith("two: 2 of 2 trials trained, 0 missing\n")
    verified = sweep("verify", "two", cwd=here)
    assert "files of 2 trials are as they were written" in verified.stdout
    listed = sweep("list", cwd=here).stdout
    assert re.search(r"^two +2 +2  Two rates \[from\] a \$test$", listed, re.MULTILINE)
    assert re.search(r"^lr_by_init +0  1,048,576  ", listed, re.MULTILINE)


def test_a_study_is_edited_for_one_run(here: Path) -> None:
    edited = ("--set", "axes.learning_rate=[0.5, 1.0]", "--results", "elsewhere")
    assert "trained 2 of 2" in sweep("run", "two", "--results", "elsewhere", cwd=here).stdout
    assert "1 of 2 trials trained, 1 missing" in sweep("status", "two", *edited, cwd=here).stdout
    assert "trained 1 of 2" in sweep("run", "two", *edited, cwd=here).stdout
    assert "nothing to do" in sweep("run", "two", "--results", "elsewhere", cwd=here).stdout


AT_EXIT = """
import atexit
atexit.register(lambda: print(open('/proc/self/status').read(), file=sys.stderr))
"""


@pytest.mark.check
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak")
@pytest.mark.parametrize(
    "edits",
    [
        [],
        ["axes.learning_rate={ log=[0.1, 10], num=300000 }", "record.loss='nothing'"],
        ["axes.learning_rate={ log=[0.1, 10], num=30000 }", "training.steps=1000"],
        ["axes.learning_rate={ log=[0.1, 10], num=4000 }", "training.steps=500",
         "record={ loss='nothing', parameters='every step' }"],
        ["axes.learning_rate={ log=[0.1, 10], num=20000 }", "training.steps=10",
         "network.layers=[2, 64, 2]", "initial={ scheme='he' }"],
    ],
    ids=["two trials", "few fields", "curves", "parameters", "a wide network"],
)  # fmt: skip
def test_a_plan_says_about_the_memory_that_a_run_takes(edits: list[str], here: Path) -> None:
    options = [word for edit in edits for word in ("--set", edit)]
    few = [*options, "--size", "2"] if edits else options
    sweep("run", "two", *few, "--results", "before", cwd=here)  # what compiles takes more
    said = json.loads(sweep("plan", "two", *options, "--json", cwd=here).stdout)["memory_bytes"]
    done = process("run", "two", *options, cwd=here, before=AT_EXIT)
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert 1 / 1.5 < 1024 * int(peak) / said < 1.5


SPREAD = (
    *("--set", "axes={ learning_rate={ log=[1, 100], num=4 } }", "--set", "training.momentum=0"),
    *(
        "--set",
        "training.optimizer='momentum'",
        "--set",
        "axes.momentum={ linear=[0, 0.5], num=4 }",
    ),
    *("--set", "outcome.diverged_above=0.28"),
)
"""Makes a map of the study."""


def test_a_zoom_is_run_once_and_filmed(here: Path) -> None:
    first = sweep("zoom", "two", "--at", "9,0.25", "--depth", "2", "--size", "4", *SPREAD, cwd=here)
    assert (first.returncode, first.stderr) == (0, "")
    *rows, film = first.stdout.splitlines()
    assert [row.split()[:3] for row in rows] == [
        ["WIDTH", "TRIALS", "TRAINED"], ["1", "16", "16"],
        ["0.5", "16", "12"], ["0.25", "16", "12"],
    ]  # fmt: skip
    assert film == "results/zoom/two/figures/zoom.gif"
    assert (here / film).stat().st_size > 5000
    again = sweep("zoom", "two", "--at", "9,0.25", "--size", "4", "--depth", "1", *SPREAD, cwd=here)
    assert [row.split()[2] for row in again.stdout.splitlines()[1:3]] == ["0", "0"]
    assert not (here / "results" / "two").exists()
    assert "--at: must be X,Y" in refused("zoom", "two", "--at", "9", *SPREAD, cwd=here)
    assert "two: zoom needs two axes" in refused("zoom", "two", cwd=here)


def test_a_film_by_ffmpeg_is_refused_without_it_before_anything_is_trained(here: Path) -> None:
    hidden = "sys.modules['imageio_ffmpeg'] = None"
    options = ("--size", "4", "--depth", "1", *SPREAD, "--format", "mp4")
    done = process("zoom", "two", *options, cwd=here, before=hidden, PATH="")
    assert done.returncode == 2
    assert done.stderr.startswith("sweep: --format mp4: is written by ffmpeg, which is not there")
    assert done.stderr.count("\n") == 1
    assert not (here / "results").exists()


def test_spaced_axes_get_another_size_for_one_run(here: Path) -> None:
    text = STUDY.replace("[0.5, 2.0]", "{ linear = [0.5, 2.5], num = 9 }\nseed = [3, 4]")
    (here / "experiments" / "two.toml").write_text(text.replace("weights =", "scheme = 'he' #"))
    done = sweep("run", "two", "--size", "3", cwd=here)
    assert done.stderr == "two: learning_rate has 3 values in place of 9\n"
    assert "trained 6 of 6" in done.stdout
    status = sweep("status", "two", cwd=here).stdout
    assert "6 of 18 trials trained, 12 missing" in status  # 0.5, 1.5 and 2.5 are of both
    listed = ("--set", "axes={ learning_rate=[1.0] }", "--size", "4")
    assert "--size 4: the study has no axis of linear or log" in refused(
        "plan", "two", *listed, cwd=here
    )
    assert "--size: must be at least 2, not 1" in refused("plan", "two", "--size", "1", cwd=here)


def test_figures_are_drawn_into_the_results(here: Path) -> None:
    sweep("run", "two", cwd=here)
    drawn = sweep("plot", "two", cwd=here)
    assert (drawn.returncode, drawn.stderr) == (0, "")
    names = [
        f"{figure}.{ending}"
        for figure in ("curves", "curves-log", "panels")
        for ending in ("png", "svg")
    ]
    assert drawn.stdout.split() == [f"results/two/figures/{name}" for name in names]
    assert all((here / path).stat().st_size > 5000 for path in drawn.stdout.split())
    one = sweep("plot", "two", "response", cwd=here)
    assert one.stdout.split()[0] == "results/two/figures/response.png"


def test_a_figure_is_asked_for_in_detail(here: Path) -> None:
    sweep("run", "two", cwd=here)
    asked = ["--x", "learning_rate", "--measure", "best_loss", "--linear", "--inches", "5x4"]
    done = sweep("plot", "two", "response", *asked, "--format", "pdf", "--format", "svg", cwd=here)
    stem = "results/two/figures/response-x-learning_rate-best_loss-linear"
    assert done.stdout.split() == [f"{stem}.pdf", f"{stem}.svg"]
    assert (here / f"{stem}.pdf").read_bytes()[:5] == b"%PDF-"
    assert 'width="360pt" height="288pt"' in (here / f"{stem}.svg").read_text()


def test_a_size_without_room_for_the_words_is_refused(here: Path) -> None:
    sweep("run", "two", cwd=here)
    said = refused("plot", "two", "curves", "--inches", "1x1", cwd=here)
    assert said == "sweep: --inches 1x1 is too small for curves; try 7x4.5\n"
    # one of several figures is too small: none is saved
    assert "is too small for" in refused("plot", "two", "--inches", "1x1", cwd=here)


def test_tables_are_exported_by_ending(here: Path) -> None:
    sweep("run", "two", cwd=here)
    assert sweep("export", "two", "t.csv", cwd=here).stdout == "t.csv: 2 rows\n"
    assert pd.read_csv(here / "t.csv")["learning_rate"].tolist() == [0.5, 2.0]
    for table, rows in (("curves", 62), ("parameters", 2)):
        done = sweep("export", "two", f"{table}.parquet", "--table", table, cwd=here)
        assert done.stdout == f"{table}.parquet: {rows} rows\n"
    curves = pd.read_parquet(here / "curves.parquet")
    assert curves.columns.tolist() == ["trial", "learning_rate", "step", "loss"]
    assert pd.read_parquet(here / "parameters.parquet").shape == (2, 3 + 8)


def test_a_report_is_one_page(here: Path) -> None:
    sweep("run", "two", cwd=here)
    done = sweep("report", "two", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"results/two/report.html: \d+ kB, for any browser\n", done.stdout)
    page = (here / "results/two/report.html").read_text(encoding="utf-8")
    assert "Two rates [from] a $test" in page
    assert "Of 2 trials 1 converged and 1 stalled; none diverged." in page
    assert page.count("<img ") == 3


def test_a_report_of_part_of_a_study_says_so(here: Path) -> None:
    sweep("run", "two", cwd=here)
    edits = ("--set", "axes.learning_rate=[0.5, 2.0, 3.0]", "--set", 'title="a <b>"')
    done = sweep("report", "two", *edits, "--output", "page.html", cwd=here)
    assert done.returncode == 0
    assert done.stderr == "two: only 2 of 3 trials are trained so far\n"
    page = (here / "page.html").read_text(encoding="utf-8")
    assert "1 more trial is still to be trained; nothing here is about it." in page
    assert "<h1>a &lt;b&gt;</h1>" in page
    assert "<code>--set axes.learning_rate=[0.5, 2.0, 3.0]</code>" in page


def test_a_plan_trains_nothing(here: Path) -> None:
    done = sweep("plan", "two", "--set", "axes.seed={range=[0,500000]}", "--set",
                 'initial={scheme="he"}', cwd=here)  # fmt: skip
    assert done.stdout.splitlines()[0] == "two: Two rates [from] a $test"
    rows = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in done.stdout.splitlines()[1:])
    assert rows.items() >= {
        "trials": "1,000,000", "learning_rate": "2 values", "groups": "1", "steps": "30",
        "network-steps": "30 M",
    }.items()  # fmt: skip
    assert rows.keys() >= {"memory", "disk", "time"}
    assert re.search(r"on \d+ threads, by a short try$", rows["time"])
    assert not (here / "results").exists()
    assert not done.stderr


def test_a_plan_is_of_what_is_missing_and_of_kernels_not_compiled(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEP_CACHE_DIR", str(here / "kernels"))
    new = ["--set", "training.optimizer='nesterov'"]
    planned = sweep("plan", "two", *new, cwd=here).stdout  # a short try, of compiled kernels
    assert re.search(r"^  compiling +nothing$", planned, re.M)
    assert "by a short try" in planned
    sweep("run", "two", cwd=here)
    more = sweep("plan", "two", "--set", "axes.learning_rate=[0.5, 2.0, 3.0]", cwd=here).stdout
    assert re.search(r"^trials +3, of which 2 are trained already$", more, re.M)


def test_a_plan_says_which_axes_run_together(here: Path) -> None:
    text = (here / "experiments" / "two.toml").read_text()
    together = "[axes.zip.both]\nlearning_rate = [0.5, 2.0]\nmomentum = [0.9, 0.5]\n[outcome]"
    text = re.sub(r"\[axes\]\nlearning_rate.*?\n\[outcome\]", together, text, flags=re.DOTALL)
    (here / "zipped.toml").write_text(
        text.replace("steps = 30", 'steps = 3\noptimizer = "momentum"')
    )
    planned = sweep("plan", "./zipped.toml", cwd=here).stdout
    assert re.search(r"^trials +2$", planned, re.M)
    assert re.search(r"^  momentum +2 values, together as both$", planned, re.M)


def test_a_plan_warns_of_curves_that_dwarf_the_disk(here: Path) -> None:
    vast = ["--set", "axes.seed={range=[0,4000000]}", "--set", "axes.clip_norm={range=[1,50000]}"]
    drawn = ["--set", 'initial={scheme="he"}', "--set", "axes.where='clip_norm > 7'"]
    done = sweep("plan", "two", *vast, *drawn, cwd=here)
    assert re.search(r"^  where +clip_norm > 7$", done.stdout, re.M)
    assert re.match(r"warning: results would take .+B of the .+B that are free, cur", done.stderr)
    assert 'record.loss = "log 200"' in done.stderr


def test_a_plan_of_steps_too_long_to_try_guesses(here: Path) -> None:
    wide = ["--set", "network.layers=[2, 100000, 2]", "--set", 'initial={scheme="he"}', "--set",
            f"data={{inputs={[[1, 2]] * 9000}, targets={[[1, 2]] * 9000}}}"]  # fmt: skip
    assert "guessed, since one step takes long" in sweep("plan", "two", *wide, cwd=here).stdout


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ('schedule.name="cosine"', ": cosine depends on it"),
        ('record.loss="log 9"', ': which losses "log 9" records depends on it'),
        ('record.parameters="nothing"', ": no parameters are kept to go on from"),
        ('record.loss="every 9"', ""),
        ('record.loss="last 9"', ""),
    ],
)
def test_a_plan_says_when_more_steps_train_all_anew(here: Path, edit: str, why: str) -> None:
    done = sweep("plan", "two", "--set", edit, "--set", "axes.training.steps=[30, 60]", cwd=here)
    wanted = f"30 to 60; another number trains all anew{why}" if why else "30 to 60"
    assert re.search(rf"steps +{wanted}$", done.stdout, re.M)


def test_more_steps_say_that_they_went_on(here: Path) -> None:
    sweep("run", "two", cwd=here)
    done = sweep("run", "two", "--set", "training.steps=50", cwd=here)
    assert "trained 2 of 2 trials, 2 of them on from fewer steps in " in done.stdout
    verified = sweep("verify", "two", cwd=here)
    assert "6 files of 4 trials (2 of them in hidden/) are as they were" in verified.stdout


def test_status_says_what_will_go_on_from_fewer_steps(here: Path) -> None:
    sweep("run", "two", cwd=here)
    edits = ["--set", "training.steps=50", "--set", "axes.learning_rate=[0.5, 2.0, 3.0]"]
    status = sweep("status", "two", *edits, cwd=here).stdout
    says = "3 missing, 2 of them with fewer steps, from which they will go on"
    assert status.startswith(f"two: 0 of 3 trials trained, {says}\n")


def test_a_plan_counts_no_step_that_is_at_hand(here: Path) -> None:
    sweep("run", "two", cwd=here)
    edits = ["--set", "training.steps=50", "--set", "axes.learning_rate=[0.5, 2.0, 3.0]"]
    planned = sweep("plan", "two", *edits, cwd=here).stdout
    assert re.search(r"^trials +3, and 2 go on from fewer steps$", planned, re.M)


def test_a_new_study_runs_and_is_never_overwritten(tmp_path: Path) -> None:
    assert sweep("new", "mine.toml", cwd=tmp_path).returncode == 0
    text = (tmp_path / "mine.toml").read_text()
    assert "mine.toml: exists already" in refused("new", "mine.toml", cwd=tmp_path)
    assert (tmp_path / "mine.toml").read_text() == text
    assert sweep("plan", "mine.toml", cwd=tmp_path).returncode == 0
    assert sweep("new", "from it.toml", "--from", "lr_graphs", cwd=tmp_path).returncode == 0
    assert "six learning rates" in (tmp_path / "from it.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("steps = 30", "stepps = 30", "stepps"),
        ('"sigmoid"', '"sigmoyd"', "sigmoid"),
        ("[0.25, 0.30]]", "[0.25]]", "weights"),
        ("steps = 30", "steps = -30", "steps"),
        ("[0.5, 2.0]", "[]", "learning_rate"),
        ("[[0.05, 0.10]]", "[[0.05, nan]]", "inputs"),
        ("[network]", "[network", "two.toml"),
        ("[0.5, 2.0]", "[" * 10_000 + "]" * 10_000, "two.toml"),
        ("[axes]", "a" + ".a" * 10_000 + " = 1\n[axes]", "two.toml"),
    ],
)
def test_a_wrong_study_is_refused_in_one_line(here: Path, old: str, new: str, says: str) -> None:
    path = here / "experiments" / "two.toml"
    path.write_text(STUDY.replace(old, new))
    assert says in refused("run", "two", cwd=here)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "STUDY"),
        (["rnu", "two"], "rnu: there is no such command; did you mean run?"),
        (["run", "two", "--thread", "2"], "--thread: there is no such option of run; did you mean"),
        (["run", "two", "--threads", "0"], "--threads: must be at least 1, not 0"),
        (["run", "two", "--threads", "many"], "--threads: must be a whole number, not many"),
        (["best", "two", "--within", "x"], "--within: must be a number, not x"),
        (["run", "two", "--step", "5"], "a field is stated by --set training.steps=5"),
        (["plot", "two", "--lr=0.3"], "a field is stated by --set training.learning_rate=0.3"),
        (["run", "two", "--optimizer", "adam"], "by --set 'training.optimizer=\"adam\"'"),
        (["run", "two", "--set"], "--set: needs a value after it"),
        (
            ["run", "two", "--set", "axes.learning_rate=[0.1,", "0.3]"],
            "quotes keep a value with spaces together: --set 'axes.learning_rate=[0.1, 0.3]'",
        ),
        (["run", "tow"], "did you mean two"),
        (["run", "../tow.toml"], "no such file"),
        (["run", "two", "--set", "training.stepps=3"], "training.steps"),
        (["run", "two", "--set", "training.steps"], "FIELD=VALUE"),
        (["run", "two", "--results", "experiments/two.toml"], "experiments/two.toml"),
        (["status", "tow"], "did you mean two"),
        (["verify", "two"], "there are no results yet"),
        (["plot", "two"], "first `sweep run two`"),
        (["plot", "two", "--format", "gif"], "--format: must be one of png, svg, pdf, not gif"),
        (["plot", "two", "--log", "--linear"], "--log, --linear: scales are the one or the other"),
        (["export", "two", "t.txt"], ".csv, .parquet, .xlsx"),
        (["export", "two", "t.csv"], "first `sweep run two`"),
        (["export", "two", "t.csv", "--table", "figures"], "--table"),
        (["report", "two"], "first `sweep run two`"),
        (["report", "two", "--output", "page.pdf"], "must end in .html"),
        (["new", "study.txt"], ".toml"),
        (["new", "nowhere/study.toml"], "nowhere/study.toml: there is no directory nowhere"),
        (["new", ".study.toml"], ".study.toml: the study's name, the file's stem, must be "),
        (["new", "bench.toml"], "bench: a study cannot have this name"),
        (["new", "compare.toml"], "compare: a study cannot have this name"),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(
    here: Path, arguments: list[str], says: str
) -> None:
    assert says in refused(*arguments, cwd=here)


def test_nothing_is_written_over_what_is_of_another_kind(here: Path) -> None:
    (here / "data.csv").write_text("x,y\n0.1,0.2\n0.3,0.4\n")
    named = 'file = "data.csv"\ninput_columns = ["x"]\ntarget_columns = ["y"]\n'
    data = re.sub(r"inputs = .*\ntargets = .*\n", named, STUDY).replace("[2, 2, 2]", "[1, 2, 1]")
    data = re.sub(r"weights = .*", 'scheme = "he"', data)
    (here / "own.toml").write_text(data)
    (here / "link.txt").symlink_to("own.toml")
    assert sweep("run", "own.toml", cwd=here).returncode == 0
    for arguments in (
        ["export", "own.toml", "table.xlsx"],
        ["report", "own.toml", "--output", "page.html"],
        ["explain", "own.toml", "--output", "page.txt"],
        ["worksheet", "two", "--steps", "2", "--output", "sheet.xlsx"],
        ["export", "own.toml", "table.xlsx"],  # one's own may be written anew
        ["worksheet", "two", "--steps", "2", "--output", "sheet.xlsx"],
        ["export", "own.toml", "table.csv", "--table", "curves"],
        ["export", "own.toml", "table.csv", "--table", "curves"],
        ["export", "own.toml", "table.parquet"],
        ["export", "own.toml", "table.parquet", "--table", "parameters"],
        ["report", "own.toml", "--output", "page.html"],
        ["explain", "own.toml", "--output", "page.txt", "--diagram", "net.png"],
        ["explain", "own.toml", "--format", "markdown", "--output", "page.md"],
        ["explain", "own.toml", "--format", "markdown", "--output", "page.md"],
        ["explain", "own.toml", "--output", "page.txt", "--diagram", "net.png"],
        ["explain", "own.toml", "--diagram", "net.svg"],
        ["explain", "own.toml", "--diagram", "net.svg"],
        ["explain", "own.toml", "--diagram", "net.pdf"],
        ["explain", "own.toml", "--diagram", "net.pdf"],
        ["audit", "sheet.xlsx", "--marked", "marked.xlsx"],
        ["audit", "sheet.xlsx", "--marked", "marked.xlsx"],
    ):
        assert sweep(*arguments, cwd=here).returncode == 0, arguments
    for ending in ("csv", "parquet", "html", "xlsx", "txt", "png"):
        (here / f"other.{ending}").write_text("somebody's own")
    kept = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    for arguments, says in (
        (["explain", "own.toml", "--output", "own.toml"], "is the name of a study file"),
        (["explain", "own.toml", "--output", "link.txt"], "is what `sweep explain` reads"),
        (["explain", "own.toml", "--output", "data.csv"], "is what `sweep explain` reads"),
        (["explain", "own.toml", "--output", "table.xlsx"], "was written by `sweep export`"),
        (["explain", "own.toml", "--format", "html", "--output", "page.html"], "`sweep report`"),
        (["explain", "own.toml", "--diagram", "results/own/figures/x.png"], "own files"),
        (["export", "own.toml", "data.csv"], "is what `sweep export` reads"),
        (["export", "own.toml", "sheet.xlsx"], "was written by `sweep worksheet`"),
        (["export", "own.toml", "results/own/curves/x.csv"], "own files"),
        (["worksheet", "two", "--output", "table.xlsx"], "was written by `sweep export`"),
        (["report", "own.toml", "--output", "results/own/trials/x.html"], "own files"),
        (["audit", "sheet.xlsx", "--marked", "table.xlsx"], "was written by `sweep export`"),
        (["audit", "sheet.xlsx", "--marked", "sheet.xlsx"], "is the audited file itself"),
        (["new", "own.toml"], "exists already"),
        (["export", "own.toml", "other.csv"], "`sweep export` did not write it"),
        (["export", "own.toml", "--table", "curves", "other.parquet"], "did not write it"),
        (["report", "own.toml", "--output", "other.html"], "`sweep report` did not write it"),
        (["worksheet", "two", "--output", "other.xlsx"], "`sweep worksheet` did not write it"),
        (["audit", "sheet.xlsx", "--marked", "other.xlsx"], "`sweep audit` did not write it"),
        (["explain", "own.toml", "--output", "other.txt"], "`sweep explain` did not write it"),
        (["explain", "own.toml", "--diagram", "other.png"], "`sweep explain` did not write it"),
    ):
        assert says in refused(*arguments, cwd=here), arguments
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == kept


def test_studies_of_ones_own_are_listed(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "mine.toml").write_text(STUDY.replace("0.5, 2.0", "0.5, 1.0, 2.0"))
    assert sweep("run", "elsewhere/mine.toml", cwd=here).returncode == 0
    assert re.search(r"^mine +3 +3  Two rates", sweep("list", cwd=here).stdout, re.M)
    told = json.loads(sweep("list", "--json", cwd=here).stdout)["studies"]
    assert [one["file"] for one in told if one["study"] == "mine"] == [
        str((here / "elsewhere" / "mine.toml").resolve())
    ]


def test_letters_that_a_terminal_lacks_have_others() -> None:
    use_what_it_has()
    text = "η · I1⁽²⁾ − 3·10⁻¹⁵ → x², ü Δ 𝛼 Σ ∂E_T/∂W5"
    assert text.encode("utf-8", "sweep").decode() == text
    written = text.encode("ascii", "sweep").decode()
    assert written == "eta * I1^(2) - 3*10^-15 -> x^2, u Delta alpha sum dE_T/dW5"
    written = text.encode("iso-8859-1", "sweep").decode("iso-8859-1")
    assert written == "eta · I1^(2) - 3·10^-15 -> x², ü Delta alpha sum dE_T/dW5"


@pytest.mark.quick("typer-SIGTERM-*", "sweep.study-SIGINT-*", "sweep.training.trainer-SIGINT-*")
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("module", ["typer", "sweep.study", "sweep.training.trainer"])
def test_a_signal_while_python_imports_ends_in_a_line(
    here: Path, name: str, status: int, module: str
) -> None:
    killer = f"""
import os, signal
class Killer:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Killer())
"""
    done = process("run", "two", cwd=here, before=killer)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "sweep: interrupted\n")


def test_too_little_memory_is_told(here: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (300_000_000,) * 2)"
    done = process("run", "two", cwd=here, before=limited)
    assert done.returncode == 1
    assert re.fullmatch(
        r"sweep: not enough memory: this process may take 300 MB \(`ulimit -v`\), and needs about "
        r"700 MB\n",
        done.stderr,
    )


def test_what_the_system_refuses_without_words_is_named() -> None:
    assert cause(OSError()) == "OSError"
    assert cause(OSError("a library is missing")) == "a library is missing"
    assert cause(FileNotFoundError(2, "No such file", "x")) == "x: No such file"
    assert cause(MemoryError()) == "there is not enough memory"
    assert "nested" in cause(RecursionError("maximum recursion depth exceeded"))


def test_what_results_cannot_give_is_refused_in_one_line(here: Path) -> None:
    sweep("run", "two", "--set", 'record.loss="nothing"', cwd=here)
    edited = ("--set", 'record.loss="nothing"')
    assert "figure" in refused("plot", "two", "pie", *edited, cwd=here)
    assert "heatmap needs 2 axes" in refused("plot", "two", "heatmap", *edited, cwd=here)
    assert "no curves" in refused("plot", "two", "curves", *edited, cwd=here)
    assert "did you mean learning_rate?" in refused(
        "plot", "two", "response", "--x", "lerning_rate", *edited, cwd=here
    )
    assert "did you mean best_loss?" in refused(
        "plot", "two", "response", "--measure", "bestloss", *edited, cwd=here
    )
    assert "--inches: must be width x height" in refused(
        "plot", "two", "response", "--inches", "big", *edited, cwd=here
    )
    assert "no curves" in refused("export", "two", "c.csv", "--table", "curves", *edited, cwd=here)
    assert "nowhere/t.csv: cannot be" in refused(
        "export", "two", "nowhere/t.csv", *edited, cwd=here
    )
    own = "results/two/trials/extra.parquet"
    assert "among the study's own files" in refused("export", "two", own, *edited, cwd=here)
    for place, says in (("results/two/curves/page.html", "own files"), ("no/p.html", "no/p.html")):
        assert says in refused("report", "two", "--output", place, *edited, cwd=here)


def test_damage_is_found_told_and_cleared_up(here: Path) -> None:
    sweep("run", "two", cwd=here)
    data = next((here / "results/two/trials").glob("*.parquet"))
    data.write_bytes(data.read_bytes()[:-1])
    found = sweep("verify", "two", cwd=here)
    assert (found.returncode, found.stdout) == (1, "")
    assert data.name in found.stderr
    status = sweep("status", "two", cwd=here)
    assert status.returncode == 0
    assert data.name in status.stderr
    assert status.stdout == "two: 0 of 2 trials trained, 2 missing\n"
    assert "trained 2 of 2" in sweep("run", "two", cwd=here).stdout


def test_part_of_a_study_is_drawn_and_it_is_said(here: Path) -> None:
    sweep("run", "two", cwd=here)
    done = sweep("plot", "two", "curves", "--set", "axes.learning_rate=[0.5,1,2]", cwd=here)
    assert done.returncode == 0
    assert done.stderr == "two: only 2 of 3 trials are trained so far\n"


@pytest.mark.quick("SIGINT-*")
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_a_run_with_its_status(here: Path, name: str, status: int) -> None:
    interrupted = f"""
import os, signal, sweep.runs.workers
train = sweep.runs.workers.train
def interrupted(*arguments, **options):
    sweep.runs.workers.train = train  # one signal, not two
    os.kill(os.getpid(), signal.{name})
    return train(*arguments, **options)
sweep.runs.workers.train = interrupted
"""
    many = ["--set", "axes.seed={range=[0,20000]}", "--set", 'initial={scheme="he"}']
    many += ["--set", "training.steps=20000", "--threads", "1"]
    done = process("run", "two", *many, cwd=here, before=interrupted)
    assert done.returncode == status, done
    assert done.stderr.startswith("interrupted; what is finished is saved")
    assert re.match(r"two: trained [\d,]+ of 40,000 trials", done.stdout)


@pytest.mark.quick("SIGTERM")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_after_all_is_done_changes_nothing(here: Path, name: str) -> None:
    late = f"import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.{name})"
    done = process("run", "two", cwd=here, before=late)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("two: trained 2 of 2 trials")


def test_a_new_study_lies_in_no_results(here: Path) -> None:
    sweep("run", "two", cwd=here)
    for place in ("results/two/mine.toml", "results/two/trials/mine.toml"):
        assert "is among the results in" in refused("new", place, cwd=here)


def test_results_must_be_a_directory(here: Path) -> None:
    (here / "file").touch()
    for command in (["run", "two"], ["status", "two"], ["list"], ["plan", "two"]):
        assert "--results: must name a directory" in refused(*command, "--results", "", cwd=here)
        told = refused(*command, "--results", "file", cwd=here)
        assert "file: is a file; results are saved in a directory" in told


HEAVY = {"numba", "llvmlite", "pandas", "pyarrow", "matplotlib", "seaborn", "numpy", "rich"}


@pytest.mark.quick("arguments0", "arguments1")
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], []])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    told = f"import atexit; atexit.register(lambda: print({HEAVY} & set(sys.modules)))"
    done = process(*arguments, cwd=tmp_path, before=told)
    assert done.returncode == 0, done
    assert done.stdout.endswith("\nset()\n")
    assert "sweep" in done.stdout


def test_a_run_imports_no_pandas(here: Path) -> None:
    told = "import atexit; atexit.register(lambda: print('pandas' in sys.modules))"
    assert process("run", "two", cwd=here, before=told).stdout.endswith("\nFalse\n")


def test_importing_sweep_imports_nothing_heavy() -> None:
    code = f"import sweep, sys; print({HEAVY} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


FREE = {"axes", "together", "outcomes"}
"""Keys whose own keys are names of the study."""

TABLES = {"best", "compare"}
"""Commands that tell tables whose columns another page defines."""


def keys(value: object, *, deep: bool) -> Iterator[str]:
    """The keys of an object, and, `deep`, of those within."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            if deep and key not in FREE:
                yield from keys(one, deep=deep)
    if isinstance(value, list) and deep:
        for one in value:
            yield from keys(one, deep=deep)


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def test_what_json_tells_is_documented(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORKS, "2-2-2", COURSE)
    (here / "three.toml").write_text(STUDY.replace("steps = 30", "steps = 20"))
    for study in ("two", "three.toml"):
        assert sweep("run", study, cwd=here).returncode == 0
    assert sweep("worksheet", "two", "--steps", "3", cwd=here).returncode == 0
    wrong = load_workbook(here / "two.xlsx")
    cells = [cell for sheet in wrong.worksheets for cell in sheet[10] if cell.column > 10]
    next(cell for cell in cells if str(cell.value).startswith("=")).value = 0.123
    wrong.save(here / "two.xlsx")
    short = ("--rounds", "2", "--seconds", "0.002", "--threads", "1", "--dtype", "float64")
    arguments = {
        "list": [], "plan": ["two"], "status": ["two"], "verify": ["two"], "best": ["two"],
        "compare": ["two", "three.toml"], "bench": ["2-2-2", *short], "audit": ["two.xlsx"],
        "halving": ["two"], "zoom": ["two", "--size", "4", "--depth", "1", *SPREAD],
    }  # fmt: skip
    section = DOCUMENT.read_text().partition("\n## JSON\n")[2]
    stated = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(stated) == set(arguments)
    assert set(stated) == {
        name for name, one in commands.items() if any("--json" in p.opts for p in one.params)
    }
    for name, line in stated.items():
        done = sweep(name, *arguments[name], "--json", cwd=here)
        assert done.stdout, (name, done.stderr)
        found = json.loads(done.stdout, parse_constant=no_constant)
        assert isinstance(found, dict)
        documented = {key.strip("[]") for key in re.findall(r"`([a-z_]+(?:\[\])?)`", line)}
        printed = set(keys(found, deep=name not in TABLES))
        assert printed == documented - {"inf", "null"}, name


def test_every_command_is_a_function_of_python() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(commands) <= set(package.__all__)
    for name in commands:
        function = getattr(package, name)
        assert function.__doc__
        assert "Raises:" in function.__doc__ or name == "list"
        assert "return" in function.__annotations__


def test_numbers_for_programs_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"n": np.array([1.5, np.inf, np.nan]), "m": np.array([1, 2, 3])})
    tell({"rows": table, "path": Path("a/b"), "pair": (True, None, -np.inf)})
    assert json.loads(capsys.readouterr().out, parse_constant=no_constant) == {
        "rows": [{"n": 1.5, "m": 1}, {"n": "inf", "m": 2}, {"n": None, "m": 3}],
        "path": "a/b",
        "pair": [True, None, "-inf"],
    }


def test_every_command_and_option_is_documented() -> None:
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S))
    table = DOCUMENT.read_text().partition("\n## ")[0]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(sections) == {"sweep", "JSON", *(f"sweep {name}" for name in commands)}
    for name, command in commands.items():
        section = sections[f"sweep {name}"]
        usage = section.strip("\n").partition("\n\n")[0]
        assert usage.startswith(f"    sweep {name}")
        stated = set(re.findall(r"--[a-z-]+|[A-Z]+(?=[\s\]]|$)", usage))
        for parameter in command.params:
            word = parameter.opts[0] if parameter.opts[0].startswith("--") else parameter.metavar
            assert word.strip("[]") in stated, (name, word)
            assert word.strip("[]") in section + table
        options = {
            option
            for parameter in command.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in stated if word.startswith("--")} <= options
    assert set(KINDS) == set(re.findall(r"^\| `([a-z_]+)` \|", sections["sweep plot"], re.M))


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0, "B", "0 B"),
        (6, "", "6"),
        (999.6, "B", "1 kB"),
        (1_048_576_000, "network-steps", "1.05 G network-steps"),
        (4.79e8, "network-steps/s", "479 M network-steps/s"),
    ],
)
def test_numbers_are_short(number: float, unit: str, text: str) -> None:
    assert short(number, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (4.1e-5, "0.041 ms"),
        (0.00999, "10 ms"),
        (0.176, "0.18 s"),
        (9.97, "10 s"),
        (12.4, "12 s"),
        (119, "119 s"),
        (210, "3.5 min"),
        (9e5, "10.4 days"),
    ],
)
def test_times_are_in_the_unit_that_suits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_text_cannot_command_the_terminal() -> None:
    assert printable("a\x1b[31mb\tη") == "a [31mb η"


def test_a_study_at_hand_is_suggested(here: Path) -> None:
    (here / "mine.toml").write_text(STUDY)
    assert "did you mean mine.toml?" in refused("status", "mine", cwd=here)


def test_only_the_owner_is_told_about_results(here: Path) -> None:
    assert sweep("run", "two", cwd=here).returncode == 0
    (here / "two.toml").write_text(STUDY.replace("target = 0.05", "target = 0.06"))
    for command in ("status", "plot"):
        assert "another study of the same name" in refused(command, "two.toml", cwd=here)


def test_a_closed_pipe_is_no_complaint(here: Path) -> None:
    assert sweep("run", "two", cwd=here).returncode == 0
    code = "from sweep.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "plot", "two"],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process:
        assert process.stderr.read() == b""
    assert process.returncode == 1
