# SPDX-License-Identifier: Apache-2.0
"""The comparison of layouts notices a struct that was changed, and one that is missing."""
import subprocess

import pytest

from dwarf import Layout, Member, Object
from layout import ABI, differences, names_of

FLOW = """struct address { unsigned char bytes[16]; };
struct flow {
	struct address inside;
	union { struct { unsigned short port, remote; }; unsigned int both; };
	unsigned char life;
	unsigned long long packets[2][3];
	void *next;
};"""
NAMES = ["address", "flow"]
CHANGES = {
    "a member more": ("unsigned char life;", "unsigned char life, more;"),
    "a wider member": ("unsigned char life;", "unsigned short life;"),
    "two members exchanged": ("port, remote;", "remote, port;"),
    "another name": ("life;", "death;"),
    "fewer elements": ("[2][3]", "[2][2]"),
    "no padding": ("};\nstruct flow {", "};\nstruct __attribute__((packed)) flow {"),
    "a larger struct inside": ("bytes[16]", "bytes[20]"),
}


def compiled(directory, name, text, used=NAMES):
    """=> the Object of a source that uses some of its structs"""
    uses = "".join(f"struct {each} the_{each};\n" for each in used)
    source = directory / f"{name}.c"
    source.write_text(f"{text}\n{uses}", encoding="utf-8")
    path = directory / f"{name}.o"
    subprocess.run(["cc", "-g", "-c", source, "-o", path], check=True)
    return Object(path)


def test_members_are_found_where_the_compiler_put_them(tmp_path):
    (layout,) = compiled(tmp_path, "one", FLOW).layouts(NAMES)["flow"]
    assert layout == Layout(80, (
        Member("inside", 0, 16), Member("port", 16, 2), Member("remote", 18, 2),
        Member("both", 16, 4), Member("life", 20, 1), Member("packets", 24, 48),
        Member("next", 72, 8)))


def test_the_same_is_the_same(tmp_path):
    one, other = compiled(tmp_path, "one", FLOW), compiled(tmp_path, "other", FLOW)
    assert differences(NAMES, one, [other]) == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed(tmp_path, change):
    assert FLOW.count(change[0]) == 1
    one, other = compiled(tmp_path, "one", FLOW), compiled(tmp_path, "other",
                                                           FLOW.replace(*change))
    assert differences(NAMES, one, [one, other])
    assert differences(NAMES, other, [one])


def test_a_struct_of_one_side_is_noticed(tmp_path):
    both, one = compiled(tmp_path, "both", FLOW), compiled(tmp_path, "one", FLOW, ["address"])
    assert differences(NAMES, one, [both]) == [f"flow: not in {one.path}"]
    assert differences(NAMES, both, [one]) == ["flow: in no BPF object"]
    assert differences(NAMES, both, [one, both]) == []


def test_every_shared_header_is_read():
    names = names_of(ABI)
    assert {"control", "flow", "ip_addr", "nat_config", "port_space"} <= set(names)
    assert not [name for name in names if name.startswith("snapshot")]
