# SPDX-License-Identifier: Apache-2.0
"""Debian 12's own kernel, as its package has it: fetched and unpacked, not installed."""
import platform
import re
import subprocess
from pathlib import Path

META_PACKAGE = "linux-image-cloud-amd64"
SERIES = "6.1."
DEPENDENCY = re.compile(r"Depends: (linux-image-(\S+))")


class KernelError(Exception):
    """The kernel is not to be had."""


def _output(*command, **options):
    answer = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if answer.returncode:
        raise KernelError(f"{' '.join(command)}: exit status {answer.returncode}: "
                          f"{answer.stderr.strip()}")
    return answer.stdout


def _package():
    """=> package and release of the kernel that Debian 12 gives its users now"""
    if platform.machine() != "x86_64":
        raise KernelError(f"a machine of {platform.machine()}, expected x86_64")
    found = DEPENDENCY.search(_output("apt-cache", "depends", META_PACKAGE))
    if not found or not found[2].startswith(SERIES):
        raise KernelError(f"{META_PACKAGE} depends on {found[1] if found else 'nothing'}, "
                          f"expected linux-image-{SERIES}...: is this Debian 12?")
    return found[1], found[2]


class DebianKernel:
    """The kernel's files: fetched into a directory unless they are there."""

    def __init__(self, cache):
        package, self.release = _package()
        self.root = cache.resolve() / package
        self.image = self.root / f"boot/vmlinuz-{self.release}"
        if not (self.root / "lib/modules" / self.release / "modules.dep.bin").exists():
            self._unpack(package)

    def _unpack(self, package):
        self.root.mkdir(parents=True, exist_ok=True)
        _output("apt-get", "download", package, cwd=self.root)
        for each in self.root.glob("*.deb"):
            _output("dpkg-deb", "--extract", str(each), str(self.root))
            each.unlink()
        _output("/sbin/depmod", "--basedir", str(self.root), self.release)

    def module_files(self, names):
        """=> the files of modules and of what they need, in the order of loading"""
        said = _output("/sbin/modprobe", "--dirname", str(self.root), "--set-version",
                       self.release, "--show-depends", "--all", *names)
        return list(dict.fromkeys(Path(line.split()[1]) for line in said.splitlines()))
