#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs guest.py on Debian 12's own kernel, in an emulated machine.

    run.py --build BUILD [BUILD ...] [--objects BUILD ...] --cache DIR

Every BUILD is a build directory; they differ in the clang that made their BPF programs. Of those
given as --objects, the BPF programs are shown to the verifier and that is all. The kernel's
package is kept in DIR. The machine is emulated (TCG), so this needs no privileges, and
no virtualisation on the machine it runs on.
"""
import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from archive import Archive
from debian_kernel import DebianKernel, KernelError

SOURCE = Path(__file__).resolve().parents[2]
PYTHON = Path("/usr/lib/python3.11")
PROGRAMS = ("sh", "mount", "insmod", "ip", "sysctl", "nsenter", "ethtool", "nft", "python3")
MODULES = ("veth", "tun", "bridge", "nf_tables", "sch_ingress", "cls_bpf", "tcp_diag",
           "udp_diag")
UNUSED = {"__pycache__", "test", "idlelib", "lib2to3", "distutils", "ensurepip", "pydoc_data",
          "tkinter", "turtledemo", "config-3.11-x86_64-linux-gnu", "curses", "sqlite3"}
OBJECTS = ("bpf/ask.bpf.o", "bpf/tc.bpf.o", "bpf/xdp.bpf.o")
PROGRAMS_BUILT = ("tests/verify", "tests/replay", "dataplane/holdfast-dp", "control/holdfastd")
PASSED = "guest: passed"
MEMORY_MIB = 1536
TAIL_LINES = 60

INIT = """#!/bin/sh
export PATH=/bin HOME=/ PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
for module in {modules}; do insmod $module; done
ip link set lo up
python3 /source/tests/kernel/guest.py --build {builds} --objects {objects}
echo o > /proc/sysrq-trigger
while :; do read -r _; done
"""


def add_built(archive, builds, files, place):
    """Add files of build directories. => where these are in the guest"""
    places = [f"{place}/{number}" for number in range(len(builds))]
    for directory, build in zip(places, builds):
        for each in files:
            archive.add_file(build / each, f"{directory}/{each}")
    return places


def build_archive(builds, objects, kernel, path):
    """Write the initramfs with all that the guest runs."""
    archive = Archive()
    for directory in ("/proc", "/sys", "/dev", "/run", "/tmp"):
        archive.add_directory(directory)
    for program in PROGRAMS:
        archive.add_program(program)
    archive.add_tree(PYTHON, PYTHON, UNUSED)
    modules = [archive.add_file(path, f"/modules/{path.name}")
               for path in kernel.module_files(MODULES)]
    for each in ("abi", "tests"):
        archive.add_tree(SOURCE / each, f"/source/{each}", {"__pycache__"})
    archive.add_text("/init", INIT.format(
        modules=" ".join(map(str, modules)),
        builds=" ".join(add_built(archive, builds, OBJECTS + PROGRAMS_BUILT, "/build")),
        objects=" ".join(add_built(archive, objects, OBJECTS, "/objects"))))
    archive.write(path)


def boot(kernel, initramfs, timeout_s):
    """Start the machine and wait for its end. => (whether the guest passed, its console)"""
    machine = subprocess.Popen(
        ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
         "-m", str(MEMORY_MIB), "-kernel", str(kernel), "-initrd", str(initramfs),
         "-append", "console=ttyS0 quiet panic=-1", "-display", "none", "-vga", "none",
         "-serial", "stdio", "-monitor", "none", "-nic", "none", "-no-reboot"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = machine.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        machine.kill()
        output, _ = machine.communicate()
        output += f"\nno end after {timeout_s} s; stopped\n".encode()
    console = output.decode(errors="replace").replace("\r", "")
    return PASSED in console, console


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Run a part of the tests on Linux 6.1.")
    parser.add_argument("--build", type=Path, nargs="+", required=True)
    parser.add_argument("--objects", type=Path, nargs="*", default=[])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--timeout", type=int, default=300, metavar="SECONDS")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        kernel = DebianKernel(options.cache)
    except KernelError as error:
        print(f"kernel: {error}", file=sys.stderr)
        return 1
    with tempfile.NamedTemporaryFile(prefix="hf-initramfs-") as initramfs:
        build_archive(options.build, options.objects, kernel, initramfs.name)
        passed, console = boot(kernel.image, initramfs.name, options.timeout)
    for line in console.splitlines() if passed else console.splitlines()[-TAIL_LINES:]:
        print(line)
    print(f"kernel: Linux {kernel.release}: {'passed' if passed else 'FAILED'} "
          f"({time.monotonic() - started:.0f} s)")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
