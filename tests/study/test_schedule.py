import pytest

from sweep.catalogue import SCHEDULES
from sweep.study import Schedule

from .course import course, group, refused


@pytest.mark.parametrize(
    ("stated", "schedule"),
    [
        ("warmup=3", Schedule("constant", 3)),
        ("name='step', every=10", Schedule("step", every=10, gamma=0.1)),
        ("name='step', every=10, gamma=0.5", Schedule("step", every=10, gamma=0.5)),
        ("name='exponential', gamma=0.99", Schedule("exponential", gamma=0.99)),
        ("name='cosine'", Schedule("cosine", final=0.0)),
        ("name='cosine', final=0.1, warmup=1", Schedule("cosine", 1, final=0.1)),
        ("name='one_cycle'", Schedule("one_cycle")),
        ("name='wsd'", Schedule("wsd", final=0.0)),
        ("name='range_test', final=1e6", Schedule("range_test", final=1e6)),
    ],
)
def test_a_schedule_has_the_numbers_it_takes(stated: str, schedule: Schedule) -> None:
    assert group(f"schedule={{ {stated} }}").schedule == schedule


def test_without_one_rates_are_constant() -> None:
    assert group().schedule == Schedule() == Schedule("constant", 0)


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ("name='step'", 'schedule.every: is missing: the schedule "step" needs it'),
        ("name='exponential'", 'schedule.gamma: is missing: the schedule "exponential" needs it'),
        ("name='range_test'", 'schedule.final: is missing: the schedule "range_test" needs it'),
        ("name='range_test', final=0", "schedule.final: must be above 0 for a range test"),
        ("every=2", 'schedule.every: has no effect: the schedule "constant" takes no every'),
        ("name='cosine', gamma=1", 'gamma: has no effect: the schedule "cosine" takes no gamma'),
        ("name='step', every=2, final=1", 'final: has no effect: the schedule "step" takes no'),
        ("warmup=1000", "schedule.warmup: must be less than training.steps, 1000, not 1000"),
        ("name='cosine', warmup=9999", "schedule.warmup: must be less than training.steps, 1000"),
    ],
)
def test_a_schedule_that_is_none_is_refused(stated: str, complaint: str) -> None:
    assert complaint in refused(f"schedule={{ {stated} }}")


def test_each_group_has_the_defaults_of_its_own_schedule() -> None:
    study = course("axes.schedule.name=['constant', 'step', 'cosine']", "schedule.every=5")
    assert [found.schedule for found in study.groups()] == [
        Schedule(),
        Schedule("step", every=5, gamma=0.1),
        Schedule("cosine", final=0.0),
    ]


def test_an_axis_without_effect_in_one_group_is_refused() -> None:
    edits = ["schedule.every=5", "axes.schedule.name=['constant', 'step']"]
    complaint = 'axes.schedule.gamma: has no effect: the schedule "constant" takes no gamma'
    assert complaint in refused(*edits, "axes.schedule.gamma=[0.1, 0.5]")


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_can_be_stated(name: str) -> None:
    needed = {number: 2 for number, default in SCHEDULES[name].numbers.items() if default is None}
    stated = "".join(f", {number}={value}" for number, value in needed.items())
    assert group(f"schedule={{ name='{name}'{stated} }}").schedule.name == name
