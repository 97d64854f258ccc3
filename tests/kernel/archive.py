# SPDX-License-Identifier: Apache-2.0
"""The guest's root file system: programs of this machine with their libraries, as an initramfs.

The kernel unpacks a cpio archive ("newc", Documentation/driver-api/early-userspace) into its first
root file system and runs /init from it.
"""
import re
import shutil
import stat
import subprocess
from pathlib import Path

ELF_MAGIC = b"\x7fELF"
LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
DIRECTORY_MODE = stat.S_IFDIR | 0o755
ALIGNMENT = 4
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def _is_elf(path):
    with path.open("rb") as file:
        return file.read(len(ELF_MAGIC)) == ELF_MAGIC


def _libraries(path):
    """=> what the dynamic linker would load with an ELF file"""
    answer = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False)
    return [Path(each) for each in LIBRARY.findall(answer.stdout)]


class Archive:
    """A file system in the making: what is to be in it, and where it comes from."""

    def __init__(self):
        self.entries = {}  # path in the guest -> (mode, bytes or Path)

    def add_directory(self, path):
        """Add an empty directory and those above it."""
        for each in [*reversed(Path(path).parents), Path(path)]:
            self.entries.setdefault(str(each), (DIRECTORY_MODE, b""))

    def add_text(self, path, text, mode=0o755):
        """Add a file made here."""
        self.add_directory(Path(path).parent)
        self.entries[str(path)] = (stat.S_IFREG | mode, text.encode())

    def add_link(self, path, target):
        """Add a symbolic link."""
        self.add_directory(Path(path).parent)
        self.entries[str(path)] = (stat.S_IFLNK | 0o777, str(target).encode())

    def add_file(self, source, path=None):
        """Add a file of this machine with its libraries; a link becomes its target. => its path"""
        path = Path(path or source)
        if str(path) in self.entries:
            return path
        self.add_directory(path.parent)
        self.entries[str(path)] = (stat.S_IFREG | stat.S_IMODE(source.stat().st_mode), source)
        if _is_elf(source):
            for library in _libraries(source):
                self.add_file(library)
        return path

    def add_program(self, name):
        """Add a program of the system, as /bin/NAME."""
        found = shutil.which(name, path=SYSTEM_PATH)
        if not found:
            raise FileNotFoundError(f"{name}: not in {SYSTEM_PATH}, and the guest needs it")
        self.add_file(Path(found).resolve(), f"/bin/{name}")

    def add_tree(self, source, path, without=()):
        """Add a directory with what is below it, except what is called as in `without`."""
        self.add_directory(path)
        for each in sorted(source.iterdir()):
            if each.name in without:
                continue
            if each.is_dir():
                self.add_tree(each, Path(path) / each.name, without)
            elif each.is_file():
                self.add_file(each, Path(path) / each.name)

    def write(self, path):
        """Write the archive. => its size in bytes"""
        with Path(path).open("wb") as file:
            for number, (name, (mode, content)) in enumerate(self.entries.items(), 1):
                data = content.read_bytes() if isinstance(content, Path) else content
                _write_entry(file, number, name.lstrip("/"), mode, data)
            _write_entry(file, 0, "TRAILER!!!", 0, b"")
            return file.tell()


def _write_entry(file, number, name, mode, data):
    encoded = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    file.write(b"070701" + b"".join(b"%08x" % each for each in fields) + encoded)
    _pad(file)
    file.write(data)
    _pad(file)


def _pad(file):
    file.write(b"\0" * (-file.tell() % ALIGNMENT))
