import os
import tomllib
from pathlib import Path

import numpy as np
import pytest

from sweep.errors import RequestError
from sweep.study import leading_comment, load_study, parse_study
from sweep.study.document import _loads
from sweep.study.fields import ALIASES, FIELD

from .course import COURSE, DRAWN, course, refused


def refused_text(text: str) -> str:
    with pytest.raises(RequestError) as error:
        parse_study(text, "course", Path("studies"))
    assert str(error.value).isprintable()
    return str(error.value)


LONG = ", ".join(map(repr, np.random.default_rng(0).normal(size=200).tolist()))


@pytest.mark.parametrize(
    "text",
    [
        f"a = [{LONG}]\nb = {{ c = [[{LONG}], [1, 2]] }}\n[[d]]\ne = [1, {LONG},\n 7, 1e5]",
        f"a = [{LONG},]\n# b = [{LONG}]\nb = 'x'",
        f"a = '''[{LONG}]'''\nb = [{LONG}]",
        f"a = [{LONG}, -0, -0.0, 1e400, 1E-3, 123456789012345678901234567890]",
        f"a = [{LONG}]\nb = ['\\u0000x']\nc = [\"\\u00000\"]",
        f"a = [{LONG}, +1.0, 1_000, inf]",
    ],
)
def test_long_lists_are_read_as_toml_reads_them(text: str) -> None:
    assert repr(_loads(text)) == repr(tomllib.loads(text))


@pytest.mark.parametrize("end", [", 01]", ", 1.]", "\n\n, ]]", "]\nb = ["])
def test_what_is_wrong_beside_a_long_list_is_found_where_it_is(end: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as wanted:
        tomllib.loads(f"a = [{LONG}{end}")
    with pytest.raises(tomllib.TOMLDecodeError) as found:
        _loads(f"a = [{LONG}{end}")
    assert str(found.value) == str(wanted.value)


def test_an_override_is_an_edit() -> None:
    assert (
        course("training.steps=200").to_toml()
        == parse_study(COURSE.replace("1000", "200"), "course", Path()).to_toml()
    )


@pytest.mark.parametrize(
    ("overrides", "trials"),
    [
        (["training.learning_rate=0.3"], 1),
        (["axes.learning_rate=[0.3, 0.4, 0.5]"], 3),
        (["axes.training.learning_rate=[0.3, 0.4, 0.5]"], 3),
        (["axes.training.steps=[5, 6]"], 4),
        (["axes.training.steps=[5, 6]", "training.steps=7"], 2),
        (["axes={ training.steps=[5, 6, 7] }", "training.learning_rate=1"], 3),
        ([DRAWN, "axes.initial.seed=[1, 2]"], 4),
        ([' axes."learning_rate.0" = [1, 2]'], 4),
    ],
)
def test_an_override_takes_the_place_of_a_field_or_its_axis(
    overrides: list[str], trials: int
) -> None:
    assert course(*overrides).trials == trials


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("training.steps", "must be FIELD=VALUE, such as training.steps=200"),
        ("=5", "must be FIELD=VALUE"),
        ("training.dtype=float32", """write --set 'training.dtype="float32"'"""),
        ("axes.training.optimizer=[sgd, adam]", """optimizer=["sgd", "adam"]'"""),
        ("network.bias=True", "write --set 'network.bias=true'"),
        ("title=my study, again", "--set title=my study, again: is not TOML: "),
        ("training.steps=", "is not TOML"),
        ("training.steps=1\ntitle='x'", "must state one value"),
        ("training.step=5", "training.step: is not a field of a study; did you mean training.st"),
        ("axes.learning_rat=[5]", "is not a field of a study; did you mean learning_rate?"),
        ("axes.lerning_rate={ log=[1, 2], num=3 }", "did you mean learning_rate?"),
        ("axes.network.layers=[5]", "cannot be an axis; network.width and network.depth can be"),
        ("axes.data.inputs=[5]", "data.inputs is no single value and cannot be an axis"),
        ("training=5", "training: must be a table"),
        ("title='\udcff'", "title: must be text in UTF-8"),
        ("a." * 50_000 + "b=1", "is not a field of a study"),
        ("title=" + "[" * 50_000, "nests brackets more than 16 deep"),
    ],
)
def test_what_is_wrong_with_an_override_names_it(override: str, complaint: str) -> None:
    message = refused(override)
    assert complaint in message
    assert message.startswith("--set ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("steps", "studies/course.toml: is not TOML: a key needs a = and a value after it"),
        (
            "a = tanh",
            'course.toml, line 1: is not TOML: text stands between quotes: "tanh"',
        ),
        ("[training]\nsteps = 1\nsteps = 2", "is not TOML: the key is stated twice"),
        ("x = " + "[" * 100_000, "nests brackets more than 16 deep"),
        ("x = " + "{a=" * 100_000, "nests brackets more than 16 deep"),
        ("a." * 100_000 + "b = 1", "has a key of more than 8 parts"),
        ("[" + "a ." * 100_000 + "b]", "has a key of more than 8 parts"),
        ('"a".' * 100_000 + "b = 1", "has a key of more than 8 parts"),
        (f"x = {'9' * 5_000}", "a number in it has too many digits"),
        ("[training]\nsteps = 0x" + "f" * 5_000, "course.toml: network.layers: is missing"),
        ("k" * 9_000 + " = 1", "kkkk...: is not a field of a study"),
        ("[[network]]\nbias = true", "line 1: network: must be a table"),
        ("[training]\n\nstep = 1", "line 3: training.step: is not a field of a study; did you"),
        ("[trainin]\nsteps = 1", "line 2: trainin.steps: is not a field of a study; did you mean"),
        ("[nothing]", "line 1: nothing: is not a field of a study"),
        ("network = { bias = true, lost = 1 }", "line 1: network.lost: is not a field"),
    ],
)
def test_text_that_is_no_study(text: str, complaint: str) -> None:
    assert complaint in refused_text(text)


def test_brackets_and_dots_in_strings_and_comments_do_not_count() -> None:
    odd = "[{" * 40 + "." * 40
    text = f'# {odd}\ntitle = """\n{odd}"\\" """ # \'\n{COURSE}'
    assert parse_study(text, "course", Path()).title.startswith("[{")
    assert parse_study(f"title = '{odd}'\n{COURSE}", "course", Path()).title == odd


@pytest.mark.parametrize(
    ("twice", "complaint"),
    [
        ("training.steps = [1]", "line 16: axes.training.steps: is already stated as training.st"),
        ("training.learning_rate = [1]", "is already stated as axes.learning_rate; keep one"),
        (
            "zip.a = { learning_rate = [1] }",
            "zip.a.learning_rate: is already stated as axes.l",
        ),
        (
            "zip.a.seed = [1]\nzip.b.initial.seed = [1]",
            "line 17: axes.zip.b.initial.seed: is al",
        ),
        ("zip.a = { seed = [1], initial.seed = [1] }", "is already stated as axes.zip.a.seed"),
    ],
)
def test_a_field_is_stated_once(twice: str, complaint: str) -> None:
    assert complaint in refused_text(COURSE + twice)


def test_a_layers_axis_may_stand_beside_that_of_all() -> None:
    study = parse_study(COURSE + '"learning_rate.0" = [1, 2, 3]', "course", Path())
    assert [axis.name for axis in study.axes] == ["learning_rate", "learning_rate.0"]


def test_a_wrong_value_is_found_in_its_line() -> None:
    message = refused_text(COURSE.replace("1000", "-1"))
    assert message == (
        "studies/course.toml, line 12: training.steps: must be a whole number from 1 to "
        "1000000000, not -1"
    )


def test_a_file_is_read_by_its_stem(tmp_path: Path) -> None:
    path = tmp_path / "my-study.v2.toml"
    path.write_bytes(b"\xef\xbb\xbf" + COURSE.replace("\n", "\r\n").encode())
    study = load_study(path, ["training.steps=3"])
    assert (study.name, study.title, study.training.steps) == ("my-study.v2", "my-study.v2", 3)


@pytest.mark.parametrize("name", ["..", ".hidden", " a", "a ", "x" * 201, "", "a/b", "a\n", "a\0"])
def test_a_name_that_is_no_safe_directory_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="file's stem, must be of 1 to 200 bytes"):
        parse_study(COURSE, name, Path())


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "directory.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    (tmp_path / "large.toml").write_bytes(b"#" * (2**18 + 1))
    os.mkfifo(tmp_path / "pipe.toml")
    complaints = {
        "directory.toml": "directory.toml: is not a file",
        "pipe.toml": "pipe.toml: is not a file",
        "missing.toml": "missing.toml: cannot be read: No such file",
        "latin.toml": "latin.toml: is not UTF-8 text",
        "large.toml": "large.toml: is larger than 262144 bytes",
        "nul\0.toml": "is no path: it has a NUL in it",
        f"{'n' * 300}.toml": "cannot be read: File name too long",
    }
    for name, complaint in complaints.items():
        with pytest.raises(RequestError) as error:
            load_study(tmp_path / name)
        assert complaint in str(error.value)
        assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("# What?\n# And why?\n#\n#  More.\ntitle = 'x'\n# later\n", "What? And why?\nMore."),
        ("\ufeff## Which?\n", "Which?"),
        ("\n# not at the top\n", ""),
        ("title = 'x'  # no\n", ""),
        ("", ""),
    ],
)
def test_the_comment_at_the_top_says_the_question(text: str, comment: str) -> None:
    assert leading_comment(text) == comment


@pytest.mark.parametrize("name", ["my study (2)", "Lernrate größer", "学習率", "-x", "a b.c"])
def test_a_name_may_have_spaces_and_any_letters(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(COURSE)
    assert load_study(path).name == load_study(str(path)).name == name


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("bias = True", "line 2: is not TOML: TOML has true, in small letters, not True"),
        ("bias = [true, FALSE]", "TOML has false, in small letters, not FALSE"),
        ("width = None", "it has no None: leave the line out"),
        ("multiplier = .5", "a number has digits on both sides of its point"),
        ("multiplier = 5.", "a number has digits on both sides of its point"),
        ("multiplier =", "line 2: is not TOML: a value is missing"),
        ("multiplier = 1,5", 'something follows the value, at ",5"'),
        ("multiplier 5", "line 2: is not TOML: a key needs a = and a value after it"),
        ("layers = [2, 2", "a bracket [ is not closed"),
        ("loss = 'huber", "a quote is not closed"),
        ("bias = true\n[network]", "the table is stated twice; join the two"),
    ],
)
def test_what_toml_refuses_is_said_in_our_words(line: str, complaint: str) -> None:
    told = refused_text(f"[network]\n{line}\n")
    assert complaint in told
    assert "column" not in told


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("training.lr", "training.learning_rate"),
        ("axes.lr", "learning_rate"),
        ("axes.zip.pair.eta", "learning_rate"),
        ("training.Learning-Rate", "training.learning_rate"),
        ("training.epochs", "training.steps"),
        ("training.batch_size", "batch.size"),
        ("training.activation", "network.activation"),
        ("axes.optim", "training.optimizer"),
        ("axes.seeds", "seed"),
        ("training.momentun", "training.momentum"),
    ],
)
def test_what_a_field_is_called_elsewhere_is_known(stated: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refused(f"{stated}=1")


def test_every_other_name_leads_to_a_field() -> None:
    words = " ".join(ALIASES.values()).split()
    assert {*ALIASES} <= {*FIELD}
    assert len(words) == len(set(words))


def test_a_size_is_that_of_every_spaced_axis() -> None:
    """Of zips too, and of studies that Python made; what is no spacing between two ends stays."""
    spread = "axes.zip.a={ learning_rate={ log=[1, 4], num=5 }, momentum={ linear=[0, 1], num=5 } }"
    edits = ["training.optimizer='momentum'", "axes={}", spread]
    edits += ["axes.weight_decay={ geometric=[0.5, 0.5], num=4 }"]
    found = course(*edits, "size=3")
    assert {one.name: len(one) for one in found.axes} == {
        "weight_decay": 4, "learning_rate": 3, "momentum": 3,
    }  # fmt: skip
    again = load_study(course(*edits), ["size=3"])
    assert [one.points for one in again.groups()] == [one.points for one in found.groups()]
    assert "--size 3: the study has no axis of linear or log" in refused("size=3")
    assert "must be a whole number from 2 to 999999999" in refused(spread, "size=3.5")
