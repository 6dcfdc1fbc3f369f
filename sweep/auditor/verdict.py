"""What an audit found, in words: the verdict, a row a wrong column, and how things follow."""

import re

import numpy as np

from sweep.auditor.auditing import Audit
from sweep.auditor.book import address
from sweep.auditor.changing import spelled, written
from sweep.auditor.judging import Finding, Judged
from sweep.auditor.roles import WEIGHTS

LONGEST_SHOWN = 40
HEADINGS = ("column", "from", "cells", "off by", "mistake")


def verdict(audit: Audit) -> str:
    """Return the verdict in one line."""
    wrong = sum(len({f.column.heading for f in table.wrong}) for table in audit.tables)
    checked = sum(table.checked for table in audit.tables)
    steps = sum(table.table.rows for table in audit.tables)
    if audit.correct:
        largest = max(table.largest for table in audit.tables)
        off = f"none off by more than {largest:.1g}" if largest else "all exactly right"
        told = f"{_some(checked, 'column')} of {_some(steps, 'row')} checked, {off}"
        return f"{audit.path}: correct; {told}"
    verb = "is" if wrong == 1 else "are"
    return f"{audit.path}: {wrong} of {_some(checked, 'column')} {verb} wrong"


def summary(judged: Judged) -> str:
    """Return in one line which table this is about."""
    table = judged.table
    spots = [spot for column in table.columns for spot in column.spots]
    corner = tuple(min(spot[axis] for spot in spots) for axis in (0, 1))
    end = tuple(max(spot[axis] for spot in spots) for axis in (0, 1))
    cells = f"{address((corner[0], corner[1]))}:{address((end[0], end[1]))}"
    rate = table.constants.get("eta")
    told = f" at rate {rate:g}" if rate is not None else ""
    state = "correct" if not judged.wrong else f"{_some(len(judged.wrong), 'mistake')}"
    return f'sheet "{table.sheet}", {cells}, {_some(table.rows, "step")}{told}: {state}'


def rows(judged: Judged) -> list[tuple[str, ...]]:
    """Return a row for each mistake, under `HEADINGS`; one row for columns that share it."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for finding in judged.wrong:
        assert finding.cause is not None
        key = (finding.cause.mistake.name, finding.cause.told, finding.rows.tobytes())
        together.setdefault(key, []).append(finding)
    return [_row(findings) for findings in together.values()]


def _row(findings: list[Finding]) -> tuple[str, ...]:
    first = findings[0]
    assert first.cause is not None
    told = f": {first.cause.told}" if first.cause.told else ""
    return (
        ", ".join(short(finding.column.heading) for finding in findings),
        address(first.spots[0]),
        f"{sum(len(finding.spots) for finding in findings):,}",
        _by(max(finding.by for finding in findings)),
        first.cause.mistake.name + told,
    )


def _by(by: float) -> str:
    """Return a relative deviation for people."""
    if not np.isfinite(by):
        return "no number"
    if by >= 10:
        return f"{by:.3g} times"
    if by >= 0.1:
        return f"{100 * by:.0f}%"
    return f"{100 * by:.2g}%" if by >= 1e-4 else f"{by:.1g}"


def follow(judged: Judged) -> str:
    """Return in one line which columns only follow from wrong ones; empty if none does."""
    names = [short(finding.column.heading) for finding in judged.affected]
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"right in themselves, but computed from wrong numbers: {shown}"


def remarks(audit: Audit) -> list[str]:
    """Return what was assumed and what could not be read, a sentence each."""
    found = list(audit.notes)
    for judged in audit.tables:
        where = f'sheet "{judged.table.sheet}"'
        found += [
            f"{where}: formulas of {short(heading)} cannot be computed ({why}); "
            "their saved values were judged"
            for heading, why in judged.unread.items()
        ]
        if judged.unfinished:
            told = "row is" if judged.unfinished == 1 else f"{judged.unfinished} rows are"
            found.append(f"{where}: the last {told} not finished; empty cells there are not judged")
        if judged.table.stride != 1:
            apart = f"{judged.table.stride:g}"
            found.append(f"{where}: its rows are {apart} steps apart; the updates are not judged")
        roles = {column.role for column in judged.table.columns}
        if gone := [f"dE/d{w}" for w in WEIGHTS if f"d_et_{w}" not in roles]:
            none = "dE/dw1 to dE/dw8" if len(gone) == len(WEIGHTS) else ", ".join(gone)
            found.append(f"{where}: has no column of {none}; they are judged by the updates alone")
        if judged.decimals is not None:
            told = (
                f"numbers are rounded to {judged.decimals} decimals; smaller mistakes do not show"
            )
            found.append(f"{where}: {told}")
    alike: dict[str, list[str]] = {}
    for note in found:
        name, _, text = note.removeprefix("sheet ").partition('": ')
        alike.setdefault(text, []).append(f'{name}"')
    return [
        f"{'sheet' if len(names) == 1 else 'sheets'} {', '.join(dict.fromkeys(names))}: {text}"
        for text, names in alike.items()
    ]


def short(heading: str) -> str:
    """Return a heading without the formula in it."""
    name = re.split(r"[=:]", heading)[0].strip() or heading
    return name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…"


def comment(finding: Finding, at: int) -> str:
    """Return what is said at a wrong cell, `at` its row in the table."""
    cause = finding.cause
    assert cause is not None
    lines = [f"Wrong: {cause.mistake.name}."]
    if cause.told:
        lines.append(f"Here: {cause.told}.")
    lines.append(cause.mistake.sentence)
    if finding.way is not None:
        lines.append(f"Right: {spelled(finding.column.role)} = {written(finding.way)}")
    expected = finding.right[at]
    if np.isfinite(expected):
        lines.append(f"Right for this row's weights: {expected:.10g}")
    return "\n".join(lines)


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
