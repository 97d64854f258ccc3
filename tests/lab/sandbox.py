# SPDX-License-Identifier: Apache-2.0
"""A world of its own for a lab, of which nothing is left when it ends.

run() forks a child into new process, mount and network namespaces: the child sees no process but
its own, has its own /run, /sys/fs/bpf and network namespaces, and cannot touch the machine's
network. When it ends, or is killed, or whoever started it is killed, the kernel ends everything
in it and takes every interface, pin and file with it: there is no cleaning up that could be left
out.
"""
import ctypes
import os
import select
import signal
import subprocess
import sys
import traceback

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

TIMED_OUT = 124

_libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """Call a function of the C library; raises OSError where it fails."""
    if getattr(_libc, name)(*arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}{arguments}: {os.strerror(code)}")


def _mount(kind, place):
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-t", kind, kind, place], check=True)


def _furnish():
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    _mount("proc", "/proc")
    _mount("sysfs", "/sys")
    _mount("tmpfs", "/run")
    _mount("bpf", "/sys/fs/bpf")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _die_with_parent(parent_is_alive):
    """`parent_is_alive`: the reading end of a pipe whose other end the parent has."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    if select.select([parent_is_alive], [], [], 0)[0]:
        os._exit(1)


def _exit_with(function):
    """End this process with what the function returns, or with 1 and a traceback."""
    status = 1
    try:
        status = function() or 0
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _reap_until(pid):
    """What init has to do: wait for everybody. => the exit status of `pid`"""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status) & 0xFF


def _be_init(function, parent_is_alive):
    _die_with_parent(parent_is_alive)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _furnish()
    worker = os.fork()
    if not worker:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _exit_with(function)
    return _reap_until(worker)


def _wait(pid, seconds):
    """=> the exit status; a child that takes longer is killed, and with it all it started."""
    pidfd = os.pidfd_open(pid)
    try:
        if not select.select([pidfd], [], [], seconds)[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return TIMED_OUT
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(pidfd)


def _start(function):
    """=> pid of the sandbox's init, as seen here"""
    alive_end, held_end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(alive_end)
        return pid, held_end
    os.close(held_end)

    def enter():
        call("unshare", CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC)
        _die_with_parent(alive_end)
        init = os.fork()
        return _wait(init, None) if init else _be_init(function, alive_end)

    _exit_with(enter)
    return None


def run(function, seconds):
    """=> what function() returned, in a sandbox; 1 if it raised, TIMED_OUT if it took too long"""
    pid, held_end = _start(function)
    try:
        return _wait(pid, seconds)
    finally:
        os.close(held_end)
