"""Numbers as people read them."""


def short(number: float, unit: str) -> str:
    """Return a number in three digits with an SI prefix: "479 MB", "1.05 G network-steps"."""
    prefixes = iter(("", "k", "M", "G", "T", "P"))
    prefix = next(prefixes)
    while number >= 999.5 and (larger := next(prefixes, None)):
        number, prefix = number / 1000, larger
    gap = " " if prefix and len(unit) > 1 else ""
    return f"{number:.3g} {prefix}{gap}{unit}".rstrip()


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: "0.18 s", "12 s", "3.5 min"."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
