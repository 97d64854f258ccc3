# SPDX-License-Identifier: Apache-2.0
"""Files and their comparison: what is equal passes, a seeded fault in the model is noticed."""
import json

import pytest

import compare
import translate
from nat import Nat
from pools import Allocator
from replay_file import read_results, read_trace, replay
from trace import write_trace


@pytest.fixture(name="directory", scope="module")
def written_trace(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trace")
    write_trace(3, 1500, directory)
    return directory


def compared(directory, tmp_path, capsys, nat=None):
    """Replay a trace by a model and compare. => exit status and what was printed"""
    nat = nat or Nat(json.loads((directory / "scenario.json").read_text(encoding="utf-8")))
    replay(nat, directory / "trace.bin", tmp_path / "actual.bin", tmp_path / "state.json")
    status = compare.main([str(directory), str(tmp_path / "actual.bin"),
                           str(tmp_path / "state.json")])
    return status, capsys.readouterr().out


def test_replay_is_equal(directory, tmp_path, capsys):
    status, printed = compared(directory, tmp_path, capsys)
    assert (status, printed) == (0, "equal\n")
    assert (tmp_path / "actual.bin").read_bytes() == (directory / "expected.bin").read_bytes()


def test_every_record_has_a_result(directory):
    records, results = (list(read_trace(directory / "trace.bin")),
                        list(read_results(directory / "expected.bin")))
    assert len(records) == len(results) > 1500
    assert all((record.kind == 2) == (result.verdict == 255)
               for record, result in zip(records, results))


def test_wrong_port_start_is_noticed(directory, tmp_path, capsys, monkeypatch):
    right = Allocator._start
    monkeypatch.setattr(Allocator, "_start", lambda *each: right(*each) + 1)
    status, printed = compared(directory, tmp_path, capsys)
    assert status == 1
    assert "expected forward translated_out egress 3" in printed
    assert "###[ IP" in printed and "byte " in printed
    assert "flow lan " in printed and ": port: expected" in printed


def test_wrong_checksum_is_noticed(directory, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(translate, "update", lambda checksum, _changes: checksum)
    status, printed = compared(directory, tmp_path, capsys)
    assert status == 1 and "byte " in printed
    assert "\nflow " not in printed


def test_wrong_timeout_is_noticed(directory, tmp_path, capsys):
    scenario = json.loads((directory / "scenario.json").read_text(encoding="utf-8"))
    scenario["snapshot"]["timeouts"]["udp"] = 1
    status, printed = compared(directory, tmp_path, capsys, Nat(scenario))
    assert status == 1 and "got " in printed


def test_wrong_counters_are_noticed(directory, tmp_path, capsys):
    compared(directory, tmp_path, capsys)
    state = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))
    state["flows"][0]["bytes_in"] += 1
    del state["flows"][1]
    state["rules"]["lan-out/resi"]["failures"]["no_flow"] += 1
    (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert compare.main([str(directory), str(tmp_path / "actual.bin"),
                         str(tmp_path / "state.json")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert ": bytes_in: expected" in lines[0] and ": missing, expected" in lines[1]
    assert lines[2].startswith("rules: lan-out/resi: failures: no_flow: expected")


def test_wrong_leases_are_noticed(tmp_path, capsys):
    directory = tmp_path / "leases"
    write_trace(7, 1500, directory)
    assert compared(directory, tmp_path, capsys) == (0, "equal\n")
    state = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))
    state["leases"][0]["flows"] += 1
    del state["leases"][1]
    state["peers"][0]["remote_port"] += 1
    (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
    lines = compare.state_differences(directory / "expected_state.json", tmp_path / "state.json")
    assert len(lines) == 4
    assert lines[0].startswith("lease ") and ": flows: expected" in lines[0]
    assert ": missing, expected" in lines[1]
    assert all(line.startswith("peer ") for line in lines[2:])


@pytest.mark.parametrize("cut", [1, 9])
def test_results_that_end_early(directory, tmp_path, capsys, cut):
    results = (directory / "expected.bin").read_bytes()
    (tmp_path / "cut.bin").write_bytes(results[:8] if cut == 9 else results[:-cut])
    arguments = [str(directory), str(tmp_path / "cut.bin"),
                 str(directory / "expected_state.json")]
    if cut == 1:
        with pytest.raises(ValueError, match="ends inside a record"):
            compare.main(arguments)
    else:
        assert compare.main(arguments) == 1
        assert "record 0: the results have ended" in capsys.readouterr().out


def test_zeros_and_absence_are_the_same():
    assert compare.without_nothing({"a": {"hits": 0, "failures": {}}, "b": {"x": [], "y": 1}}) \
        == {"b": {"y": 1}}


def test_one_address_may_be_spelled_in_several_ways(directory, tmp_path):
    state = json.loads((directory / "expected_state.json").read_text(encoding="utf-8"))
    for flow in state["flows"]:
        flow["remote"] = flow["remote"].replace("2001:db8:c0::", "2001:0DB8:c0:0::0:")
    (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert not compare.state_differences(directory / "expected_state.json",
                                         tmp_path / "state.json")


def test_a_flow_listed_twice_is_noticed(directory, tmp_path):
    state = json.loads((directory / "expected_state.json").read_text(encoding="utf-8"))
    state["flows"].append(state["flows"][0])
    (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert compare.state_differences(directory / "expected_state.json",
                                     tmp_path / "state.json")


def test_frames_of_drops_are_not_compared(directory):
    result = next(each for each in read_results(directory / "expected.bin") if each.verdict == 0)
    assert compare.results_agree(result, result._replace(frame=b"whatever"))
    assert not compare.results_agree(result, result._replace(reason=0))
