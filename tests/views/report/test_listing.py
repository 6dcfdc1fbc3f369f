"""Files in a page: all of a short one, the ends of a long one."""

from sweep.views.report.listing import LONGEST_LINE, MOST_LINES, listing


def test_a_short_file_is_whole() -> None:
    assert listing("a = 1\n\n# b\n").text == "a = 1\n\n# b"


def test_a_long_line_keeps_its_ends_and_says_what_is_gone() -> None:
    values = ", ".join(str(n) for n in range(100_000))
    text = listing(f"x = [{values}]").text
    assert len(text) < 2 * LONGEST_LINE
    assert text.startswith("x = [0, 1, 2, ")
    assert text.endswith("99998, 99999]")
    left = len(f"x = [{values}]") - 200 - 75
    assert f" [{left:,} characters left out] " in text


def test_of_many_lines_the_rest_is_counted() -> None:
    text = listing("\n".join(map(str, range(MOST_LINES + 1234)))).text
    assert text.splitlines()[-2:] == [str(MOST_LINES - 1), "[1,234 lines more]"]
