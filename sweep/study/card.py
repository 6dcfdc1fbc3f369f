"""What a study is, in a few lines for a notebook."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sweep.study.axes import Axis
    from sweep.study.study import Study

MOST_VALUES = 6
"""So many values of an axis are named; of more the ends are."""

_CELL = "text-align:left;vertical-align:top"


def card(title: str, rows: Mapping[str, str]) -> str:
    """Return HTML of a title over a table of two columns; all text is escaped."""
    lines = "".join(
        f'<tr><th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f"<div><strong>{escape(title)}</strong><table><tbody>{lines}</tbody></table></div>"


def study_card(study: "Study") -> str:
    """Return HTML that says what is trained, how, and what is swept."""
    return card(study.title, {"study": study.name, **study_facts(study)})


def study_facts(study: "Study") -> dict[str, str]:
    """Return what is trained, how and what is swept, in a few words each."""
    groups = study.groups()
    return {
        "network": _joined(
            f"{'-'.join(map(str, one.network.layers))}, {_joined(one.network.activations)}, "
            f"{one.network.loss}"
            for one in groups
        ),
        "data": _joined(_counted(len(one.data.inputs), "sample") for one in groups),
        "training": _joined(
            f"{_counted(one.steps, 'step')} of {one.training.optimizer} in {one.training.dtype}"
            for one in groups
        ),
        **{axis.name: values_in_words(axis) for axis in study.axes},
        **({"where": study.where.text} if study.where else {}),
        "trials": f"{study.trials:,}" + (f" in {len(groups):,} groups" * (len(groups) > 1)),
    }


def values_in_words(axis: "Axis") -> str:
    """Return the values of an axis, or how many there are and between which ends."""
    values = axis.ranked[0]
    if len(values) <= MOST_VALUES:
        return ", ".join(map(_value, axis.values))
    ends = f"from {_value(values[0])} to {_value(values[-1])}"
    numeric = axis.values.dtype != object
    return f"{len(values):,} values " + (ends if numeric else f"such as {_value(axis.values[0])}")


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + "s" * (number != 1)


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def _joined(found: Iterable[str]) -> str:
    """Return what all have in common once, what differs side by side, or how many there are."""
    different = list(dict.fromkeys(found))
    if len(different) > MOST_VALUES // 2:
        return f"{len(different)} kinds, such as {different[0]}"
    return " / ".join(different)
