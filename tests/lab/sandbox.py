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


def _fall_silent():
    """Let go of the terminal, or of a pipe that somebody reads to its end."""
    sys.stdout.flush()
    sys.stderr.flush()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def _status_of(function):
    """=> what the function returned, or 1 after a traceback"""
    try:
        return function() or 0
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
        return 1


def _fork(function):
    """=> pid of a child that ends with what the function returns"""
    pid = os.fork()
    if pid:
        return pid
    status = _status_of(function)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _reap_until(pid):
    """What init has to do: wait for everybody. => the exit status of `pid`"""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status) & 0xFF


def _wait(pid, seconds, report=None):
    """=> the exit status, or what was written to `report` before

    Whoever takes longer is killed, and with it all that it started.
    """
    pidfd = os.pidfd_open(pid)
    try:
        ready = select.select([pidfd, report] if report else [pidfd], [], [], seconds)[0]
        told = os.read(report, 1) if report in ready else b""
        if told:
            return told[0]
        if not ready:
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF
        return status if ready else TIMED_OUT
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(pidfd)


class Sandbox:
    """run() it once.

    Four processes: whoever calls run(); the guardian, which made the namespaces and is outside of
    the new process namespace; init, its first process; and the one that runs the function.
    """

    def __init__(self, function, keep=False):
        """`keep`: let it live on when the function has returned, until init is killed."""
        self.function = function
        self.keep = keep
        self.init = None  # its pid, as seen from outside
        self.alive, self.held = os.pipe()
        self.report, self.tell = os.pipe()
        self.pids, self.tell_pid = os.pipe()

    def run(self, seconds):
        """=> what function() returned; 1 if it raised, TIMED_OUT if it took too long"""
        sys.stdout.flush()
        sys.stderr.flush()
        guardian = _fork(self._guard)
        for end in (self.alive, self.tell, self.tell_pid):
            os.close(end)
        self.init = int(os.read(self.pids, 16) or 0)
        status = _wait(guardian, seconds, self.report)
        for end in (self.held, self.report, self.pids):
            os.close(end)
        return status

    def _tie_to_parent(self):
        if not self.keep:
            _die_with_parent(self.alive)

    def _guard(self):
        os.close(self.held)
        if self.keep:
            os.setsid()
        call("unshare", CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC)
        self._tie_to_parent()
        init = _fork(self._be_init)
        os.write(self.tell_pid, str(init).encode())
        os.close(self.tell_pid)
        os.close(self.tell)
        _fall_silent()
        return _wait(init, None)

    def _be_init(self):
        _die_with_parent(self.alive)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
        _furnish()
        worker = _fork(self._work)
        os.close(self.tell)
        _fall_silent()
        return _reap_until(worker)

    def _work(self):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        status = _status_of(self.function)
        if self.keep and not status:
            _fall_silent()
            os.write(self.tell, bytes([status]))
            os.close(self.tell)
            signal.pause()
        return status


def run(function, seconds):
    """=> what function() returned, in a sandbox; 1 if it raised, TIMED_OUT if it took too long"""
    return Sandbox(function).run(seconds)
