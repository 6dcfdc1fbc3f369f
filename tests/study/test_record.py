import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study import Record
from sweep.study.checks import schedule
from sweep.study.settings import scheduled_count

schedules = st.one_of(
    st.sampled_from(["every step", "final", "nothing"]),
    st.integers(1, 50).map("every {}".format).map(schedule),
    st.integers(3, 60).map("log {}".format),
    st.integers(1, 60).map("last {}".format).map(schedule),
)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("every step", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("every 3", [0, 3, 6, 7]),
        ("every 7", [0, 7]),
        ("every 9", [0, 7]),
        ("log 4", [0, 1, 3, 7]),
        ("last 3", [5, 6, 7]),
        ("last 8", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("last 9", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("final", [7]),
        ("nothing", []),
    ],
)
def test_known_schedules(text: str, steps: list[int]) -> None:
    record = Record(loss=text, parameters=text)
    assert record.loss_steps(7).tolist() == steps
    assert record.parameter_steps(7).tolist() == steps
    assert record.loss_steps(7).dtype == "int64"


@given(schedules, st.integers(1, 200))
def test_counting_agrees_with_listing(text: str, steps: int) -> None:
    assert scheduled_count(text, steps) == len(Record(text, "nothing").loss_steps(steps))


@pytest.mark.parametrize(
    ("text", "one_spelling"),
    [
        ("every 1", "every step"),
        (" every  10 ", "every 10"),
        ("log 007", "log 7"),
        ("last  64", "last 64"),
        ("last 1", "final"),
    ],
)
def test_a_schedule_has_one_spelling(text: str, one_spelling: str) -> None:
    assert schedule(text) == one_spelling


@pytest.mark.parametrize(
    "text",
    ["", "every", "every 0", "log 2", "log step", "every -1", "all", "last 0", "last", "last step"],
)
def test_what_is_no_schedule(text: str) -> None:
    assert not schedule(text)
