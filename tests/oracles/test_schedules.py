import pytest

from .schedules import SCHEDULES, factors


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_comes_before_the_schedule(name: str) -> None:
    numbers = {"every": 3, "gamma": 0.5, "final": 0.25}
    assert factors(name, 24, warmup=4, **numbers) == (
        0.25, 0.5, 0.75, 1.0, *factors(name, 20, **numbers),
    )  # fmt: skip


def test_ends() -> None:
    """What each begins and ends with, and where it turns."""
    assert factors("step", 7, every=3, gamma=0.5) == (1, 1, 1, 0.5, 0.5, 0.5, 0.25)
    assert factors("exponential", 4, gamma=0.5) == (1, 0.5, 0.25, 0.125)
    assert factors("range_test", 3, final=100.0) == pytest.approx((1, 10, 100))
    assert factors("wsd", 10, final=0.5) == (1,) * 9 + (0.75,)  # the step after would have 0.5
    assert factors("wsd", 20)[-4:] == (1, 0.75, 0.5, 0.25)
    cosine = factors("cosine", 4, final=0.5)
    assert cosine[0] == 1
    assert cosine[2] == pytest.approx(0.75)
    assert cosine[3] > 0.5  # the last factor would be that of the step after
    one_cycle = factors("one_cycle", 20)
    assert one_cycle[0] == pytest.approx(1 / 25)
    assert one_cycle.index(1.0) == 5  # 0.3 of the steps, counted from 0
    assert one_cycle[-1] == pytest.approx(1 / 25 / 1e4)
