#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that what the documents point at is there.

    check_references.py ROOT

In README.md and docs/*.md: a link leads to a file, and its anchor to a heading; a path in `code`
that begins with a folder of the tree is one of its files or folders; and `path:name` is a name
that occurs in the file, as the tables of tests have it.
"""
import re
import sys
from pathlib import Path

ROOMS = "abi core bpf dataplane config control cli tests bench docs packaging".split()
LINK = re.compile(r"\[[^]]*\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
PATH = re.compile(rf"`((?:{'|'.join(ROOMS)})/[\w./-]*)(?::(\w+))?`")


def anchors(text):
    """=> the anchors of a document's headings, as forges make them"""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def link_fault(document, target, anchor):
    """=> what is wrong with a link, or None"""
    if "://" in target:
        return None
    path = document.parent / target if target else document
    if not path.exists():
        return f"link to '{target}', which is not there"
    if anchor and anchor not in anchors(path.read_text(encoding="utf-8")):
        return f"link to '#{anchor}', which is no heading of {path.name}"
    return None


def path_fault(root, target, name):
    """=> what is wrong with a path, or None"""
    path = root / target
    if not path.exists():
        return f"'{target}' is not in the tree"
    if name and not re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")):
        return f"'{name}' does not occur in '{target}'"
    return None


def check(root, document):
    """=> number of references and list of faults of one document"""
    count, faults = 0, []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        found = [link_fault(document, *match) for match in LINK.findall(line)]
        found += [path_fault(root, *match) for match in PATH.findall(line)]
        count += len(found)
        faults += [f"{document.relative_to(root)}:{number}: {fault}" for fault in found if fault]
    return count, faults


def main():
    """Check all documents."""
    root = Path(sys.argv[1]).resolve()
    documents = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    total, faults = 0, []
    for document in documents:
        count, found = check(root, document)
        total += count
        faults += found
    for fault in faults:
        print(fault)
    print(f"{total} references in {len(documents)} documents, {len(faults)} faults")
    return 1 if faults or not total else 0


if __name__ == "__main__":
    sys.exit(main())
