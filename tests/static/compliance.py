# SPDX-License-Identifier: Apache-2.0
"""docs/rfc-compliance.md against the tests that it names, and against the tags of all code.

A row is about one RFC's point or points (`3b-d` are three, `11a, d` two); what it says is met, in
part at least, has a test that says so itself: by a tag, [RFC4787 REQ-2] or [RFC7857 section 2.1],
in the comment above a test in C, in the docstring of one in Python. The rows of RFCs that are
listed as a whole are about any of their points. A tag of a test that no row is about is a finding
as well.
"""
import ast
import re
from typing import NamedTuple

from source import ROOMS, ROOT, files, is_test

TABLE = "docs/rfc-compliance.md"
HEADING = re.compile(r"^## (?:RFC (\d+)\b|Others)")
REFERENCE = re.compile(r"`([\w./]+\.(?:c|py)):(\w+)`")
ANY_REFERENCE = re.compile(r"`[\w./]+/[\w./:]+`")
TAG = re.compile(r"\[RFC(\d+)((?:,? (?:REQ-|section |equation )?[\w.-]+)*)\]")
TAGGED_POINT = re.compile(r"(?:REQ-|section |, )\s*(?:REQ-)?(\d[\w.]*)")
POINT = re.compile(r"(\d+(?:\.\d+)?)(?:([a-z])-([a-z])|([a-z]?))$")
WHOLE = ""  # the point of a row that is about all of its RFC


class Point(NamedTuple):
    """A requirement (or section) of an RFC."""

    rfc: str
    point: str

    def __str__(self):
        return f"RFC {self.rfc} {self.point}".strip()


class Row(NamedTuple):
    """What the table says of some points."""

    line: int
    points: tuple
    met: str
    shown_by: str

    @property
    def tests(self):
        """=> (path, name) of each test that it names"""
        return REFERENCE.findall(self.shown_by)


def points_of(rfc, words):
    """=> the points that the first column names: '3b-d', '11a, d', '4, 5'"""
    points, number = [], ""
    for word in words.split(", "):
        found = POINT.match(word if word[0].isdigit() else number + word)
        if not found:
            raise ValueError(f"'{words}': expected points like 3, 3b-d, '11a, d' or 2.1")
        number, first, last, letter = found.groups()
        letters = [letter] if not first else \
            [chr(code) for code in range(ord(first), ord(last) + 1)]
        points += [Point(rfc, number + letter) for letter in letters]
    return tuple(points)


def rows(text):
    """=> every Row of the tables"""
    rfc, inside = "", False
    for number, line in enumerate(text.splitlines(), 1):
        heading = HEADING.match(line)
        if heading:
            rfc, inside = heading[1] or "", True
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not inside or not line.startswith("|") or len(cells) != 5 or not cells[0][:1].isdigit():
            continue
        points = points_of(rfc, cells[0]) if rfc else (Point(cells[0], WHOLE),)
        yield Row(number, points, cells[2], cells[4])


def points_tagged(text):
    """=> the points that tags in a text name; [RFC5508 REQ-4, REQ-5] are two"""
    found = []
    for rfc, words in TAG.findall(text):
        found += [Point(rfc, point) for point in TAGGED_POINT.findall(words)] or [Point(rfc, WHOLE)]
    return found


def _comment_above(text, name):
    """=> the comment that ends above a test in C, None if there is no such test"""
    found = re.search(rf"^static void {name}\(void \*\*\w+\)", text, re.MULTILINE)
    if not found:
        return None
    before = text[:found.start()].rstrip()
    return before[before.rfind("/*"):] if before.endswith("*/") else ""


def _docstring(text, name):
    """=> the docstring of a function in Python, None if there is no such function"""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return None


def tags_of_test(text, name, path):
    """=> the points that a test says it shows, None if it is not there"""
    said = (_docstring if path.endswith(".py") else _comment_above)(text, name)
    return None if said is None else points_tagged(said)


def _is_about(point, points):
    return any(each == point or each == Point(point.rfc, WHOLE) for each in points)


def row_findings(row, read):
    """=> what is wrong with a row; read(path) gives a file's text, or None"""
    if row.met not in ("yes", "partly", "no"):
        yield f"met is '{row.met}', expected yes, partly or no"
    if row.met == "no" and row.shown_by:
        yield "not met, and yet it names tests"
    if row.met != "no" and not row.tests:
        yield f"{row.met}, and no test shows it"
    for words in ANY_REFERENCE.findall(row.shown_by):
        if not REFERENCE.match(words):
            yield f"{words} is no test: expected `path:name`"
    shown = set()
    for path, name in row.tests:
        text = read(path)
        tagged = None if text is None else tags_of_test(text, name, path)
        if tagged is None:
            yield f"{path}:{name} does not exist"
        elif not any(_is_about(point, row.points) for point in tagged):
            yield f"{path}:{name} has no tag of {', '.join(map(str, row.points))}"
        shown.update(tagged or ())
    for point in row.points:
        if row.met != "no" and row.tests and not any(_is_about(each, (point,)) for each in shown):
            yield f"no test that it names has a tag of {point}"


def tag_findings(name, text, known, whole_file):
    """
    => tags that no row is about. Code that is no test also cites what is nobody's requirement, so
    there only points count of the RFCs that have a table of their own.
    """
    tables = {point.rfc for point in known if point.point}
    for number, line in enumerate(text.splitlines(), 1):
        for point in points_tagged(line):
            if not _is_about(point, known) and (whole_file or point.rfc in tables):
                yield f"{name}:{number}: a tag of {point}, which has no row in {TABLE}"


def _read(path):
    file = ROOT / path
    return file.read_text() if file.is_file() else None


def findings():
    """=> all of them"""
    listed = list(rows((ROOT / TABLE).read_text()))
    known = {point for row in listed for point in row.points}
    found = [f"{TABLE}:{row.line}: {finding}" for row in listed
             for finding in row_findings(row, _read)]
    for path in files((*ROOMS, "tests"), {".c", ".h", ".py"}):
        if path.parent.name != "static":
            shows = is_test(path) or path.relative_to(ROOT).parts[0] == "tests"
            found += tag_findings(path.relative_to(ROOT), path.read_text(), known, shows)
    return found if listed else [f"{TABLE}:1: no rows"]
