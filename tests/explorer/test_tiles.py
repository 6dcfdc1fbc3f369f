"""Tiles: the kernel that is prepared is the one that trains, however few points are left."""

import numpy as np
import pytest

from sweep.explorer import tiles
from sweep.explorer.answering import facts, view_of
from sweep.study import Group, load_study
from sweep.training.trainer import kernels_of
from tests.explorer.test_tour import SHIPPED


class CalledError(Exception):
    """It would be trained, with these kernels."""


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_prepared_is_what_trains(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(name)
    view = view_of(study, {"view": facts(study)["first"]})

    def called(group: Group, _: object, lanes: int | None) -> None:
        raise CalledError(kernels_of(group, lanes))

    monkeypatch.setattr(tiles, "train", called)
    x, y = (one.ravel() for one in np.meshgrid(*tiles.Wanted(view, 0, 0, 0, 0, 4).axes))
    for count in (1, 3, 5, 8, 60, len(x)):
        with pytest.raises(CalledError) as found:
            view.train(x[:count], y[:count])
        assert found.value.args[0] == kernels_of(view.part.group)
