# SPDX-License-Identifier: Apache-2.0
"""A static check that finds nothing is worth something only if it would find what is there."""
import json

import pytest

import source
import tools

MIXED = "#include <linux/types.h>\n__u16 port(__be16 x);\n__u16 port(__be16 x) { return x; }\n"


def test_a_folder_below_is_found():
    """dataplane/ must not know config/."""
    text = '#include "abi/flow.h"\n#include "config/config.h"\n'
    assert [finding.split(": ")[0] for finding in source.wrong_includes("dataplane", "x.c", text)] \
        == ["x.c:2"]


def test_folders_above_are_allowed():
    """What stands above may be used."""
    assert not list(source.wrong_includes("cli", "x.c", '#include "abi/flow.h"\n'))


@pytest.mark.parametrize("line", ["\tskip();", "    pytest" + ".skip('no root')", "exit" + " 77"])
def test_a_test_that_skips_itself_is_found(line):
    """In C, in Python and in a shell."""
    assert source.SKIP.search(line)


@pytest.fixture(name="build")
def fixture_build(tmp_path, monkeypatch):
    """=> a tree with one source file of the product, and its compile_commands.json"""
    path = tmp_path / "core" / "mixed.c"
    path.parent.mkdir()
    path.write_text(MIXED)
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    (tmp_path / "compile_commands.json").write_text(json.dumps([
        {"directory": str(tmp_path), "file": "core/mixed.c",
         "command": "cc -Wall -Wextra -Wconversion -Wsign-conversion -Werror -c core/mixed.c"}]))
    return tmp_path


def test_mixed_byte_orders_are_found(build):
    """What sparse is there for."""
    findings = tools.sparse(build)
    assert findings and all(each.startswith("core/mixed.c:3:") for each in findings)


def test_a_missing_warning_is_found(build):
    """-Wshadow is not in the command."""
    findings = tools.warnings(build)
    assert len(findings) == 1 and findings[0].endswith("without -Wshadow")


def test_a_program_without_hardening_is_found(build):
    """Any file that is no such program will do."""
    for name in tools.HARDENING:
        (build / name).parent.mkdir(exist_ok=True)
        (build / name).write_bytes(b"\x7fELF")
    assert len(tools.hardening(build)) >= len(tools.HARDENING)


def test_a_null_dereference_is_found(build):
    """What the analyzer is there for."""
    (build / "core" / "mixed.c").write_text(
        "int at(int *x, int y);\nint at(int *x, int y)\n{\n\tif (y)\n\t\tx = 0;\n"
        "\treturn *x;\n}\n")
    assert any("core/mixed.c:6" in each for each in tools.scan_build(build))
