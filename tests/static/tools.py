# SPDX-License-Identifier: Apache-2.0
"""The tools: each function runs one over the product's code and returns its findings.

A finding is a line of text that begins with a place. What a tool reports of generated files and of
system headers is not a finding.
"""
import json
import os
import plistlib
import re
import shlex
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source import ROOMS, ROOT, is_test

STATIC = Path(__file__).resolve().parent
FINDING = re.compile(r"^(\S+?:\d+(?::\d+)?: )(?:error|warning|performance|portability): .*", re.M)
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror")
HARDENING = ("control/holdfastd", "dataplane/holdfast-dp", "cli/holdfast")
GENERATED = ".skel.h"


def run(*command, **options):
    """=> what a command says, on either output; its exit status does not matter"""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


def _first_number(text):
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else "?"


def version(*command):
    """=> the version that a tool says it has"""
    said = run(*command)
    return _first_number(said.stdout + said.stderr)


def package_version(package):
    """=> the version of a tool that does not say it"""
    return _first_number(run("dpkg-query", "--show", "--showformat", "${Version}",
                             package).stdout)


def is_product(path):
    """=> whether a source file ends up in what is installed"""
    try:
        relative = path.resolve().relative_to(ROOT)
    except ValueError:
        return False
    return relative.parts[0] in ROOMS and not is_test(path)


def compilations(build):
    """=> {source file: its entry in compile_commands.json} of the product, each file once"""
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.suffix == ".c" and is_product(path):
            entries.setdefault(path, entry)
    return entries


def each(function, items):
    """Call function for every item, as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def _findings(text, directory):
    """=> findings of a tool's output, once each, with places that count from the root"""
    found = {}
    for match in FINDING.finditer(text):
        place = match[1]
        name, rest = place.split(":", 1)
        path = Path(directory, name).resolve()
        if path.is_relative_to(ROOT) and not path.name.endswith(GENERATED):
            found[f"{path.relative_to(ROOT)}:{rest}{match[0][len(place):]}"] = None
    return list(found)


# Binaries.

def _executable_stack(path):
    said = run("readelf", "--wide", "--program-headers", path).stdout
    stack = next((line for line in said.splitlines() if "GNU_STACK" in line), "")
    return [] if " RW " in stack else [f"{path}: expected a stack that is not executable"]


def _control_flow(path):
    """
    The C library of Debian 12 is not built for it, so the linker may not mark the program and
    hardening-check cannot see it; that the code is there can be seen.
    """
    said = run("objdump", "--disassemble=main", path).stdout
    return [] if "endbr64" in said or "bti" in said else [f"{path}: expected -fcf-protection"]


def hardening(build):
    """=> findings of hardening-check, and what it cannot tell"""
    findings = []
    for name in HARDENING:
        path = build / name
        said = run("hardening-check", "--nocfprotection", path)
        lacking = [line.strip() for line in said.stdout.splitlines()
                   if ": no" in line and "(ignored)" not in line]
        if said.returncode and not lacking:
            lacking.append(f"hardening-check: exit status {said.returncode}: {said.stderr.strip()}")
        findings += [f"{path}: {each}" for each in lacking]
        findings += _executable_stack(path) + _control_flow(path)
    return findings


def warnings(*builds):
    """=> files that were compiled without the warnings; that they compile shows there are none"""
    return [f"{path}: compiled by {shlex.split(entry['command'])[0]} without {flag}"
            for build in builds for path, entry in compilations(build).items()
            for flag in WARNINGS if flag not in shlex.split(entry["command"])]


# Sources.

def cppcheck(_build):
    """=> its findings"""
    said = run("cppcheck", "-j", os.cpu_count(), "--quiet", "--inline-suppr", "--std=c11",
               "--enable=warning,performance,portability", "-D_GNU_SOURCE", "-D__x86_64__",
               '-DHOLDFAST_VERSION=""', '-DHOLDFAST_DP=""', "-I.", "-Idataplane/native",
               f"--library=posix,gnu,{STATIC / 'cppcheck.cfg'}",
               "--suppress=readdirCalled",  # glibc's needs a lock only for a shared stream
               *(room for room in ROOMS if room != "bpf"), cwd=ROOT)  # clang compiles those
    return [finding for finding in _findings(said.stderr, ROOT)
            if is_product(ROOT / finding.split(":", 1)[0])]


def sparse(build):
    """=> places that mix byte orders, and whatever else it finds"""
    def look(item):
        path, entry = item
        flags = [word for word in shlex.split(entry["command"]) if word[:2] in ("-I", "-D")]
        flags += ["-Wbitwise", "-D__CHECK_ENDIAN__", "-std=gnu17", "-include",
                  STATIC / "byte_order.h"]
        multiarch = run("gcc", "-print-multiarch").stdout.strip()
        said = run("sparse", *flags, f"-I/usr/include/{multiarch}", path, cwd=entry["directory"])
        return _findings(said.stderr, entry["directory"])

    found = each(look, compilations(build).items())
    return list(dict.fromkeys(finding for findings in found for finding in findings))


def clang_tidy(build):
    """=> findings of the checks that .clang-tidy names"""
    def look(path):
        said = run("clang-tidy-19", "--quiet", "-p", build, path)
        return _findings(said.stdout, build)

    found = each(look, compilations(build))
    return list(dict.fromkeys(finding for findings in found for finding in findings))


def _diagnostics(report):
    content = plistlib.loads(report.read_bytes())
    for diagnostic in content["diagnostics"]:
        location = diagnostic["location"]
        path = Path(content["files"][location["file"]])
        yield path, location["line"], diagnostic["description"]


def scan_build(build):
    """=> findings of clang's analyzer, over what the build compiles for the product"""
    entries = [{**entry, "file": str(path)} for path, entry in compilations(build).items()]
    with tempfile.TemporaryDirectory(prefix="hf-scan-") as directory:
        database = Path(directory, "compile_commands.json")
        database.write_text(json.dumps(entries))
        run("analyze-build-19", "--cdb", database, "--output", directory, "--plist")
        found = {f"{path.resolve().relative_to(ROOT)}:{line}: {text}": None
                 for report in Path(directory).rglob("*.plist")
                 for path, line, text in _diagnostics(report)
                 if not path.name.endswith(GENERATED)}
    return list(found)
