# SPDX-License-Identifier: Apache-2.0
"""What the comparison of the compliance table with the tests' tags must find."""
import pytest

import compliance
from compliance import Point

SOURCES = {
    "core/a_test.c": "/* what it shows [RFC4787 REQ-3] */\n"
                     "static void tagged(void **state)\n{\n}\n\nstatic void bare(void **state)\n{\n}\n",
    "tests/b.py": 'def tagged():\n    """Two [RFC7857 section 2.1] [RFC5508 REQ-3b, REQ-3c]"""\n'
                  'def whole():\n    """[RFC1624 equation 3]"""\n',
}


def found(heading, row):
    """=> the findings of a table with one row"""
    [parsed] = compliance.rows(f"## {heading}\n\n| req | asks | met | how | shown by |\n"
                               f"| --- | --- | --- | --- | --- |\n{row}\n")
    return list(compliance.row_findings(parsed, SOURCES.get))


@pytest.mark.parametrize("heading, row", [
    ("RFC 4787: UDP", "| 3 | ports | yes | | `core/a_test.c:tagged` |"),
    ("RFC 4787: UDP", "| 1 | mapping | no | `tests/b.py` has more | |"),
    ("RFC 7857: updates", "| 2.1 | timers | partly | | `tests/b.py:tagged` |"),
    ("RFC 5508: ICMP", "| 3b-c | options | yes | | `tests/b.py:tagged` |"),
    ("Others", "| 1624 | checksums | yes | | `tests/b.py:whole` |")])
def test_rows_that_are_right(heading, row):
    """Nothing is found."""
    assert found(heading, row) == []


@pytest.mark.parametrize("row, finding", [
    ("| 3 | ports | yes | | |", "yes, and no test shows it"),
    ("| 3 | ports | partly | | |", "partly, and no test shows it"),
    ("| 3 | ports | no | | `core/a_test.c:tagged` |", "not met, and yet it names tests"),
    ("| 3 | ports | maybe | | `core/a_test.c:tagged` |",
     "met is 'maybe', expected yes, partly or no"),
    ("| 3 | ports | yes | | `core/a_test.c:tagged`, `core/a_test.c:tagge` |",
     "core/a_test.c:tagge does not exist"),
    ("| 3 | ports | yes | | `core/a_test.c:tagged`, `core/c_test.c:tagged` |",
     "core/c_test.c:tagged does not exist"),
    ("| 3 | ports | yes | | `core/a_test.c:tagged`, `tests/b.py` |",
     "`tests/b.py` is no test: expected `path:name`"),
    ("| 3 | ports | yes | | `core/a_test.c:tagged`, `core/a_test.c:bare` |",
     "core/a_test.c:bare has no tag of RFC 4787 3"),
    ("| 3-b | ports | yes | | `core/a_test.c:tagged` |", None),
    ("| 3, 4 | ports | yes | | `core/a_test.c:tagged` |",
     "no test that it names has a tag of RFC 4787 4")])
def test_rows_that_are_wrong(row, finding):
    """One fault each."""
    if finding is None:
        with pytest.raises(ValueError):
            found("RFC 4787: UDP", row)
    else:
        assert found("RFC 4787: UDP", row) == [finding]


def test_points():
    """How first columns are read."""
    for words, points in (("3b-d", "3b 3c 3d"), ("11a, d", "11a 11d"), ("4, 5", "4 5"),
                          ("2.1", "2.1"), ("3a", "3a")):
        assert [each.point for each in compliance.points_of("1", words)] == points.split()


def test_tags_without_a_row_are_found():
    """In a test, any; elsewhere, those of an RFC that has a table."""
    known = {Point("4787", "3"), Point("1624", "")}
    text = "[RFC4787 REQ-3] [RFC1624 equation 3]\n[RFC4787 REQ-33]\n" \
           "[RFC6890] [RFC4787 REQ-3, REQ-4]"
    assert len(list(compliance.tag_findings("x", text, known, True))) == 3
    assert [each.split(":")[1] for each in compliance.tag_findings("x", text, known, False)] \
        == ["2", "3"]


def test_the_table_has_all_its_rows():
    """None is passed over because it is written otherwise."""
    text = (compliance.ROOT / compliance.TABLE).read_text()
    written = [line for line in text.splitlines() if line.startswith("| ")
               and not line.startswith(("| ---", "| req ", "| section ", "| RFC "))]
    assert len(list(compliance.rows(text))) == len(written) > 70
