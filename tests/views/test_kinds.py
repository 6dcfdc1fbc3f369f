"""The table of kinds: what is chosen for which study, what each takes, and what is refused."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import sweep
from sweep.errors import RequestError
from sweep.store.results import Results
from sweep.views.kinds import KINDS, choose, draw, plots
from sweep.views.source import AXES, Options, Source, pair_of, picked

OF_ANY = [kind for kind in KINDS if kind not in ("range_test", "boundary", "bifurcation")]
"""The kinds that need no schedule of their own, no two axes with an order, and no chunks."""

STUDY = """
title = "a $title_ with ^signs & <b>"
[network]
layers = [2, 3, 1]
activation = ["tanh", "identity"]
[data]
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[0], [1], [1], [0]]
[initial]
scheme = "xavier"
[training]
steps = 20
[axes]
learning_rate = [0.01, 0.1, 0.5, 1.0, 1e200]
seed = { range = [0, 4] }
training.optimizer = ["sgd", "momentum"]
[outcome]
target = 0.1
[record]
parameters = "every 5"
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A trained study of forty trials, eight of which diverge, with all that can be recorded."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "xor.toml").write_text(STUDY)
    return sweep.run(folder / "xor.toml", results=folder / "results", threads=1)


def subject(*, axes: dict[str, int], recorded: bool = False, outcomes: int = 1) -> Source:
    """A full grid with so many values an axis; loss 1 / (1 + step) of two steps where recorded."""
    grids = {name: np.arange(1, n + 1) for name, n in axes.items()}
    trials = (
        pd.MultiIndex.from_product(grids.values(), names=grids).to_frame(index=False)
        if axes
        else pd.DataFrame({"final_loss": [0.5]})
    )
    names = np.array(["converged", "stalled", "diverged"])
    n = np.arange(len(trials))
    trials = trials.assign(trial=n, final_loss=1 / (1 + n), outcome=names[n % outcomes])

    def curves(wanted: np.ndarray) -> pd.DataFrame:
        rows = trials[trials["trial"].isin(wanted)]
        return pd.concat([rows.assign(step=s, loss=1 / (1 + s)) for s in (0, 1)])

    def read(columns: Sequence[str]) -> pd.DataFrame:
        return trials[list(columns)]

    return Source("t", tuple(axes), read, ("final_loss",), ("loss",), curves if recorded else None)


@pytest.mark.parametrize(
    ("axes", "recorded", "outcomes", "names"),
    [
        ({"learning_rate": 6}, True, 2, ["curves", "curves-log", "panels"]),
        ({}, True, 1, ["curves", "curves-log"]),
        ({"learning_rate": 40}, True, 1, ["response"]),
        ({"learning_rate": 40}, False, 2, ["response"]),
        ({"seed": 20, "learning_rate": 20}, False, 3, ["heatmap", "outcomes", "response"]),
        ({"learning_rate": 6, "seed": 3}, True, 2, ["curves", "curves-log", "panels"]),
        ({"learning_rate": 5, "width": 4, "seed": 3}, False, 1, ["heatmap", "importance"]),
        ({"learning_rate": 6}, False, 1, ["response"]),
        ({"seed": 6}, False, 2, ["outcomes"]),
        ({}, False, 1, []),
    ],
)
def test_what_is_chosen_when_no_kind_is_named(
    axes: dict[str, int], recorded: bool, outcomes: int, names: list[str]
) -> None:
    chosen = choose(subject(axes=axes, recorded=recorded, outcomes=outcomes))
    assert [one.name for one in chosen] == names


def test_only_what_takes_an_option_is_chosen_with_it() -> None:
    study = subject(axes={"seed": 20, "learning_rate": 20}, outcomes=3)
    assert [one.name for one in choose(study, Options(y="seed"))] == [
        "heatmap-y-seed", "outcomes-y-seed",
    ]  # fmt: skip
    few = subject(axes={"learning_rate": 6}, recorded=True)
    assert [one.name for one in choose(few, Options(log=False))] == [
        "curves-linear", "panels-linear",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", OF_ANY)
def test_every_kind_draws_a_trained_study_with_its_title_as_text(
    kind: str, results: Results
) -> None:
    figure = draw(kind, Source.of(results))
    figure.draw_without_rendering()
    assert figure.get_suptitle() == r"a \$title_ with ^signs & <b>"
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes[:1])


@pytest.mark.quick("curves", "heatmap", "weights")
@pytest.mark.parametrize("kind", OF_ANY)
def test_every_kind_has_the_size_and_the_title_asked_for(kind: str, results: Results) -> None:
    figure = draw(kind, Source.of(results), Options(inches=(5.0, 6.0), title="mine"))
    assert figure.get_size_inches().tolist() == [5.0, 6.0]
    assert figure.get_suptitle() == "mine"


@pytest.mark.parametrize("kind", OF_ANY)
def test_every_kind_draws_trials_that_all_diverged(kind: str, results: Results) -> None:
    study = results.study
    lost = Source.of(Results(results.directory, study))
    table = results.trials()
    table = table[table["learning_rate"] == 1e200]
    curves = results.curves(table["trial"].to_numpy())
    doomed = Source(
        lost.title, lost.axes, lambda columns: table[list(columns)], lost.measures,
        lost.recorded, lambda trials: curves[curves["trial"].isin(trials)],
        lost.read_parameters, groups=lost.groups,
    )  # fmt: skip
    assert set(table["outcome"]) == {"diverged"}
    draw(kind, doomed).draw_without_rendering()


@pytest.mark.quick("*-curves", "*-heatmap", "*-response")
@pytest.mark.parametrize("kind", OF_ANY)
@pytest.mark.parametrize(
    "options",
    [
        Options(x="learning_rate"), Options(y="optimizer"), Options(hue="optimizer"),
        Options(col="optimizer"), Options(measure="final_loss"), Options(log=True),
        Options(log=False), Options(trial=(3, 1)),
    ],
)  # fmt: skip
def test_every_kind_takes_the_options_it_names_and_no_others(
    kind: str, options: Options, results: Results
) -> None:
    (option,) = options.stated
    if kind in ("curves", "panels") and option == "measure":
        options = Options(measure="loss")
    if option in KINDS[kind].takes:
        if kind == "response" and option == "col":
            options = Options(x="learning_rate", col="optimizer")
        draw(kind, Source.of(results), options)
    else:
        with pytest.raises(RequestError, match=f"{kind} does not take it; it takes "):
            draw(kind, Source.of(results), options)


def test_ordered_axes_lead_and_seeds_come_last() -> None:
    table = subject(axes={"seed": 90, "training.steps": 3, "learning_rate": 5, "bias": 1})
    assert table.ranked == ("learning_rate", "training.steps", "seed")
    assert subject(axes={}).ranked == ()


def test_a_response_has_names_as_hues(results: Results) -> None:
    figure = draw("response", Source.of(results))
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["momentum", "sgd"]
    assert "median, and band from 10 to 90%, over seed (4)" in figure.texts[-1].get_text()
    slices = draw("response", subject(axes={"learning_rate": 5, "width": 4}))
    assert {a.get_xlabel() for a in slices.axes} == {"learning rate η", "width"}


def test_only_curves_that_are_drawn_are_read() -> None:
    table = subject(axes={"learning_rate": 100, "seed": 2}, recorded=True)
    figure = draw("curves", table)
    assert figure.legends[0].get_title().get_text() == "learning rate η (12 of 100)"
    assert len(figure.axes[0].lines) == 24


def test_of_very_many_trials_some_are_read_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sweep.views.curves.MOST_ROWS", 200)
    figure = draw("curves", subject(axes={"learning_rate": 5, "seed": 90}, recorded=True))
    said = figure.texts[-1].get_text().replace("\n", " ")
    assert said.startswith("one in 3 of the trials; median, and band")
    assert "over seed (30)" in said


@pytest.mark.parametrize(
    ("kind", "axes", "words"),
    [
        ("pie", {}, 'no figure is called "pie"; the kinds are curves, panels, range_test, heatmap'),
        ("heatmpa", {}, 'no figure is called "heatmpa"; did you mean heatmap[?]; the kinds'),
        ("curves", {"learning_rate": 3}, "no curves were recorded"),
        (
            "heatmap",
            {"learning_rate": 3, "seed": 1},
            "heatmap needs 2 axes swept; this study has: learning_rate",
        ),
        ("response", {}, "response needs 1 axes swept; this study has: none"),
        ("weights", {"seed": 3}, "no parameters were kept"),
    ],
)
def test_what_a_study_cannot_show_is_refused(kind: str, axes: dict[str, int], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        draw(kind, subject(axes=axes))


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("heatmap", {"x": "lerning_rate"}, '--x: .* "lerning_rate"; did you mean learning_rate'),
        ("heatmap", {"x": "seed", "y": "seed"}, "--x seed, --y seed: one axis twice"),
        ("response", {"measure": "final_los"}, "did you mean final_loss.*; there are initial_loss"),
        ("curves", {"measure": "final_loss"}, '"final_loss".*there are loss'),
        ("response", {"x": "learning_rate", "hue": "rate"}, '--hue: no axis is called "rate"'),
        ("weights", {"trial": (99,)}, "--trial 99: no such trial; there are 0 to 39"),
        ("weights", {"trial": tuple(range(7))}, "at most 6 trials, not 7"),
    ],
)
def test_options_that_name_nothing_are_refused(
    kind: str, options: dict[str, object], words: str, results: Results
) -> None:
    with pytest.raises(RequestError, match=words):
        draw(kind, Source.of(results), Options(**options))  # type: ignore[arg-type]


def _asks_twice() -> Iterator[tuple[str, Options]]:
    """Every kind with one axis in two of its roles, one of which it may have chosen itself."""
    for kind, row in ((kind, KINDS[kind]) for kind in OF_ANY):
        roles = [role for role in AXES if role in row.takes]
        for pair in combinations(roles, 2):
            yield kind, replace(Options(), **dict.fromkeys(pair, "learning_rate"))
    for kind, role in [("panels", "hue"), ("response", "hue"), ("response", "col"),
                       ("heatmap", "col")]:  # fmt: skip
        yield kind, replace(Options(), **{role: "learning_rate"})


@pytest.mark.parametrize(("kind", "options"), list(_asks_twice()))
def test_one_axis_twice_is_refused(kind: str, options: Options) -> None:
    axes = {"learning_rate": 5, "seed": 3} if kind == "heatmap" else {"learning_rate": 5}
    with pytest.raises(RequestError, match=r"one axis twice|two axes besides"):
        draw(kind, subject(axes=axes, recorded=True), options)


def test_what_another_axis_may_be_is_said() -> None:
    study = subject(axes={"learning_rate": 40, "seed": 3})
    with pytest.raises(RequestError, match=r"has it as --x: one axis twice; --x may be seed$"):
        draw("response", study, Options(hue="learning_rate"))
    names = subject(axes={"seed": 3})
    with pytest.raises(RequestError, match=r"--hue seed: response has it as --x: one axis twice$"):
        draw("response", names, Options(hue="seed"))


def test_a_study_without_trials_is_refused() -> None:
    full = subject(axes={"learning_rate": 3})
    empty = Source("t", full.axes, lambda columns: full.read(columns).iloc[:0])
    for kind in OF_ANY:
        with pytest.raises(RequestError, match="nothing has been trained"):
            draw(kind, empty)


def test_a_figure_is_drawn_from_python(results: Results) -> None:
    assert len(sweep.plot(results, "heatmap", x="learning_rate", y="optimizer").axes) == 2
    assert sweep.plot(results).axes[1].get_xlabel() == "learning rate η"  # names lead
    with pytest.raises(TypeError, match="colour"):
        sweep.plot(results, "heatmap", colour="red")


@pytest.mark.parametrize(
    ("text", "size"), [("7x4.5", (7.0, 4.5)), ("3X3", (3.0, 3.0)), ("1x50", (1.0, 50.0))]
)
def test_sizes_are_inches(text: str, size: tuple[float, float]) -> None:
    assert pair_of("inches", text) == size


@pytest.mark.parametrize("text", ["7", "7x", "0x4", "nanx4", "7x4x2", "51x4", "big"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="--inches: must be width x height"):
        pair_of("inches", text)


def test_the_gallery_has_every_kind_and_its_pictures() -> None:
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "gallery.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (.+)$", text, re.M)) == set(KINDS)
    drawn = re.findall(r"^    sweep plot \S+ (\w+)", text, re.M)
    assert set(drawn) == set(KINDS)
    pictures = re.findall(r"\]\((images/[^)]+)\)", text)
    assert len(pictures) == len(drawn)
    large = [path for path in pictures if (docs / path).stat().st_size > 150_000]
    assert large == ["images/boundary_single.png"]  # 65,536 cells, each of a colour of its own


def test_trials_are_picked_and_headed_by_what_they_are() -> None:
    table = subject(axes={"learning_rate": 4, "seed": 2}, outcomes=3).trials()
    # losses 1, 1/2, ... 1/8; every third diverged, from the third on
    assert picked(table, "final_loss", ["learning_rate"]) == {
        7: "best: η\u00a0=\u00a04", 4: "median: η\u00a0=\u00a03", 5: "diverged: η\u00a0=\u00a03",
    }  # fmt: skip
    assert picked(table, "final_loss", [], [5, 2]) == {5: "trial 5", 2: "trial 2"}
    whole = table.assign(outcome="stalled")
    assert list(picked(whole, "final_loss", []).values()) == ["best", "median", "worst"]
    assert list(picked(whole.iloc[:1], "final_loss", [])) == [0]


def test_names_of_files_say_what_was_asked_for(tmp_path: Path) -> None:
    assert Options().stem == ""
    stem = Options(x="learning_rate", hue="training.optimizer", measure="best_loss", log=True).stem
    assert stem == "-x-learning_rate-hue-training.optimizer-best_loss-log"
    assert Options(col="seed").stem != Options(x="seed").stem
    assert Options(xlim=(0.1, 1.0)).stem == "-xlim-0.1-1"
    assert Options(trial=(3, 4)).stem == "-trial3-trial4"


ZIPPED = """
[network]
layers = [2, 2, 1]
[data]
name = "xor"
[initial]
scheme = "uniform"
[training]
steps = 3
[axes]
seed = [0, 1]
[axes.zip.setting]
weight_decay = [0.0, 0.1, 0.1]
learning_rate = [0.1, 0.2, 0.4]
initial.scale = [1.0, 2.0, 3.0]
"""


def test_what_runs_together_with_an_axis_is_shown_only_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "zipped.toml").write_text(ZIPPED)
    zipped = Source.of(sweep.run(tmp_path / "zipped.toml", results=tmp_path, threads=1))
    assert zipped.following == {"initial.scale"}  # two rates have one decay: it stays
    assert set(zipped.swept) == {"seed", "weight_decay", "learning_rate"}
    for kind in ("response", "ecdf", "curves"):
        unasked = text_of(draw(kind, zipped))
        asked = text_of(draw(kind, zipped, Options(hue="scale")))
        assert "scale of the initial weights" not in unasked, kind
        assert "scale of the initial weights" in asked, kind


def text_of(figure: Figure) -> str:
    """All words of a figure and of its legends."""
    return " ".join(found.get_text() for found in figure.findobj(Text))


def test_one_axis_of_names_beside_the_rate_is_drawn_first(results: Results) -> None:
    chosen = choose(Source.of(results))
    assert chosen[0].name == "response"
    hues = [text.get_text() for text in draw("response", Source.of(results)).legends[0].get_texts()]
    assert hues == ["momentum", "sgd"]


def test_chosen_trials_alone_are_drawn_and_it_is_said(results: Results) -> None:
    for kind in OF_ANY:
        figure = draw(kind, Source.of(results), Options(only=("optimizer=sgd",)))
        assert figure.texts[-1].get_text().startswith("only optimizer=sgd"), kind
        assert "momentum" not in {text.get_text() for legend in figure.legends
                                  for text in legend.get_texts()}  # fmt: skip
    assert Options(only=("optimizer=sgd",)).stem == "-optimizer=sgd"
    with pytest.raises(RequestError, match="--only optimizer=adm: no such value; "):
        draw("response", Source.of(results), Options(only=("optimizer=adm",)))


@pytest.mark.parametrize("kind", ["curves", "panels", "response", "ecdf", "weights"])
def test_axes_end_where_it_is_stated(kind: str, results: Results) -> None:
    options = Options(xlim=(0.02, 0.3), ylim=(0.1, 0.7), log=False)
    if kind == "response":
        options = replace(options, x="learning_rate")
    axes = draw(kind, Source.of(results), options).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0.02, 0.3), (0.1, 0.7))


def test_ends_of_axes_are_two_numbers() -> None:
    assert pair_of("xlim", "1e-3:2") == (0.001, 2.0)
    assert pair_of("ylim", "-1:1") == (-1.0, 1.0)
    for text in ("1", "2:1", "a:b", "1:1", "nan:1", "0:inf", "1:2:3"):
        with pytest.raises(RequestError, match=f"--xlim: must be two numbers.*{text}"):
            pair_of("xlim", text)


def test_threads_draw_by_turns_and_leave_settings_alone(results: Results) -> None:
    before = dict(mpl.rcParams)
    mpl.rcParams["font.size"] = 7.5
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in pool.map(lambda kind: draw(kind, Source.of(results)), OF_ANY * 2):
                assert mpl.rcParams["font.size"] in (7.5, pytest.approx(12 * 0.95), 10.0)
        assert dict(mpl.rcParams) == before | {"font.size": 7.5}
    finally:
        mpl.rcParams["font.size"] = before["font.size"]
    assert not plt.get_fignums()


SCHEDULE = """[schedule]
name = "range_test"
final = 100.0
[training]"""
RANGE_TEST = STUDY.replace("[training]", SCHEDULE)


def test_a_range_test_is_drawn_by_rate_first(tmp_path: Path) -> None:
    (tmp_path / "test.toml").write_text(RANGE_TEST)
    edits = ["axes.learning_rate=[0.01]", "axes.seed=[0, 1]"]
    results = sweep.run(
        tmp_path / "test.toml", overrides=edits, results=tmp_path / "results", threads=1
    )
    assert choose(Source.of(results))[0].name == "range_test"
    assert {one.kind for one in choose(Source.of(results))} == {"range_test", "curves"}
    axes = draw("range_test", Source.of(results)).axes[0]
    at = axes.lines[0].get_xdata()
    assert len(at) == 20
    assert at[[0, -1]].tolist() == pytest.approx([0.01, 1.0])
    assert axes.get_xlabel() == "learning rate η"


def test_range_tests_of_several_rates_are_no_one_figure(tmp_path: Path, results: Results) -> None:
    with pytest.raises(RequestError, match="this one has none"):
        draw("range_test", Source.of(results))


BATCHED = """
[network]
layers = [2, 4, 2]
activation = ["tanh", "softmax"]
loss = "softmax_cross_entropy"
[data]
name = "moons"
one_hot = true
samples = 60
[initial]
scheme = "xavier"
[training]
steps = 30
[batch]
size = 8
[axes]
learning_rate = { log = [1e-3, 1.0], num = 15 }
training.optimizer = ["sgd", "adam"]
seed = [0, 1, 2]
"""


@pytest.fixture(scope="module")
def batched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """Two optimizers at fifteen rates in batches, without and with validation data."""
    folder = tmp_path_factory.mktemp("batched")
    found = {}
    for name, more in (("training", ""), ("validation", "[validation]\nshare = 0.4\n")):
        (folder / f"{name}.toml").write_text(BATCHED.replace("[axes]", f"{more}[axes]"))
        found[name] = sweep.run(folder / f"{name}.toml", results=folder / "results", threads=1)
    return found


def test_figures_lead_with_validation_as_words_do(batched: dict[str, Results]) -> None:
    source = Source.of(batched["validation"])
    for kind in ("response", "heatmap", "ecdf", "curves", "panels"):
        assert "loss on validation data" in text_of(draw(kind, source)), kind
    assert "final loss" in text_of(draw("response", Source.of(batched["training"])))
    asked = text_of(draw("response", source, Options(measure="final_loss")))
    assert "final loss" in asked
    assert "loss on validation data" not in asked
    best = sweep.best(batched["validation"], by="validation_loss")
    told = {text.get_text() for text in draw("curves", source).legends[0].get_texts()}
    rates = zip(best["training.optimizer"], best["best_rate"], strict=True)
    assert told == {f"{name} at {rate:.4g}" for name, rate in rates}


def test_curves_of_batches_say_what_loss_it_is(batched: dict[str, Results]) -> None:
    source = Source.of(batched["training"])
    said = text_of(draw("curves", source))
    assert "each step's loss is that of its batch alone" in said.replace("\n", " ")
    assert "loss of the step's batch" in said
    axes = draw("curves", source, Options(measure="loss")).axes[0]
    assert axes.get_ylabel() == "loss $E_T$"
    assert axes.lines[0].get_xdata().tolist() == [0, 30]
    said = text_of(draw("curves", source, Options(measure="loss"))).replace("\n", " ")
    assert "the loss on all data, recorded at 2 steps" in said


def test_curves_of_names_are_those_at_the_best_rates_to_the_end(
    batched: dict[str, Results],
) -> None:
    source = Source.of(batched["training"])
    for options in (Options(), Options(hue="optimizer")):
        figure = draw("curves", source, options)
        said = figure.texts[-1].get_text().replace("\n", " ")
        assert said.startswith("each at its best learning rate by final loss"), said
        assert "first" not in said
        assert figure.axes[0].get_xlim() == (0, 30)
        assert len(figure.axes[0].lines) == 6


def test_of_many_rates_the_best_is_among_those_drawn(batched: dict[str, Results]) -> None:
    source = Source.of(batched["training"])
    for only in ((), ("optimizer=adam",), ("optimizer=sgd",)):
        narrow = replace(source, only=only)
        best = narrow.best("learning_rate")["learning_rate"].iloc[0]
        figure = draw("curves", narrow, Options(hue="learning_rate"))
        shown = [text.get_text() for text in figure.legends[0].get_texts()]
        assert f"{best:.4g}" in shown
        assert len(shown) == 12


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"xlim": (1, 0)},
            r"--xlim: must be two numbers, the lower first, as 0.01:1, not \(1, 0\)",
        ),
        ({"ylim": 3}, "--ylim: must be two numbers, .* not 3"),
        ({"xlim": (float("nan"), 1)}, "--xlim: must be two numbers"),
        ({"inches": (7,)}, r"--inches: must be width x height .* not \(7,\)"),
        ({"inches": (0, 4)}, "--inches: must be width x height"),
        ({"hue": 3}, "--hue: must be text, not 3"),
        ({"measure": 4}, "--measure: must be text, not 4"),
        ({"title": 5}, "--title: must be text, not 5"),
        ({"log": "yes"}, '--log: must be true or false, not "yes"'),
        ({"trial": "a"}, r"--trial: must be numbers of trials, not \('a',\)"),
        ({"only": [3]}, r"--only: must be texts of NAME=VALUE, not \(3,\)"),
        ({"kind": 3}, 'no figure is called "3"; the kinds are'),
        ({"log": True, "ylim": (-1, 2)}, "--ylim: a logarithmic axis begins above 0, not at -1"),
    ],
)
def test_what_is_of_another_type_is_refused_in_one_line(
    options: dict[str, object], words: str, results: Results
) -> None:
    with pytest.raises(RequestError, match=words) as refused:
        sweep.plot(results, **{"kind": "curves", **options})  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_options_are_read_from_text_and_one_of_several_needs_no_list() -> None:
    options = Options(inches="7x4.5", xlim="0.01:1", trial=3, only="optimizer=sgd")  # type: ignore[arg-type]
    assert options == Options(
        inches=(7.0, 4.5), xlim=(0.01, 1.0), trial=(3,), only=("optimizer=sgd",)
    )


def test_figures_of_what_differs_have_names_of_their_own(results: Results) -> None:
    asked: list[dict[str, object]] = [
        {"x": "optimizer"}, {"x": "seed", "col": "optimizer"}, {"hue": "optimizer"},
        {"x": "seed", "hue": "optimizer"}, {"ylim": (0.1, 1)}, {"only": "optimizer=sgd"},
    ]  # fmt: skip
    names = [name for options in asked for name in plots(results, "response", Options(**options))]  # type: ignore[arg-type]
    assert len(set(names)) == len(names) == len(asked)


def test_range_tests_of_different_rates_have_other_figures(tmp_path: Path) -> None:
    (tmp_path / "tests.toml").write_text(RANGE_TEST)
    edits = ["axes.learning_rate=[0.01, 0.02]", "axes.seed=[0]"]
    results = sweep.run(tmp_path / "tests.toml", overrides=edits, results=tmp_path, threads=1)
    assert "range_test" not in {one.kind for one in choose(Source.of(results))}
    with pytest.raises(RequestError, match="their rates differ; choose some with --only"):
        draw("range_test", Source.of(results))
    assert choose(Source.of(results, ("learning_rate=0.01",)))[0].kind == "range_test"


def test_curves_of_names_at_their_best_are_chosen_however_many_rates(
    batched: dict[str, Results],
) -> None:
    chosen = [one.name for one in choose(Source.of(batched["validation"]))]
    assert chosen[:2] == ["response", "curves"]
    assert "curves-log" not in chosen


def test_names_that_no_side_shows_have_a_panel_each(results: Results) -> None:
    figure = draw("heatmap", Source.of(results), Options(x="learning_rate", y="seed"))
    panels = [axes.get_title() for axes in figure.axes if axes.images]
    assert len(panels) == len({*results.trials()["training.optimizer"]}) > 1
