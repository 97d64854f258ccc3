# SPDX-License-Identifier: Apache-2.0
"""Debian 12's own kernel, as its package has it: fetched and unpacked, not installed."""
import platform
import re
import subprocess

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


def unpack(cache):
    """Fetch the package into `cache` unless it is there. => (root of its files, release)"""
    package, release = _package()
    root = cache / package
    if not (root / "lib/modules" / release / "modules.dep").exists():
        root.mkdir(parents=True, exist_ok=True)
        _output("apt-get", "download", package, cwd=root)
        for each in root.glob("*.deb"):
            _output("dpkg-deb", "--extract", str(each), str(root))
            each.unlink()
        _output("/sbin/depmod", "--basedir", str(root), release)
    return root, release
