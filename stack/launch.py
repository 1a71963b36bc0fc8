"""Become another program that dies with its parent, as root under an ordinary user id.

Run as a file by `stack.processes` (`python -I -S launch.py …`), with nothing but the standard library, so that it costs
a few milliseconds. It exists because three things must happen between fork and exec, in this order:

1. PostgreSQL refuses to run as root, so root steps down to `--uid`. The clone may lie under a folder that this user
   cannot enter (`/root` has mode 700); with `--reach` the process keeps the one capability that lets it pass.
2. The kernel forgets the parent-death signal when the user changes, so it is set afterwards.
3. The parent may have died before that, so it is asked for once more.
"""

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_SETPCAP = 8


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _capabilities(libc: ctypes.CDLL) -> ctypes.Array[_CapabilitySet]:
    sets = (_CapabilitySet * 2)()
    _check(libc.capget(ctypes.byref(_CapabilityHeader(CAPABILITY_VERSION_3, 0)), sets), "capget")
    return sets


def _keep_reach(libc: ctypes.CDLL, capability: int) -> None:
    """Keep just `capability` across the change of user that has happened, and across exec."""
    bit = 1 << capability
    sets = (_CapabilitySet * 2)(_CapabilitySet(bit, bit, bit), _CapabilitySet(0, 0, 0))
    _check(libc.capset(ctypes.byref(_CapabilityHeader(CAPABILITY_VERSION_3, 0)), sets), "capset")
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "ambient capability")


def _reaching_capability(libc: ctypes.CDLL) -> int:
    """The weakest capability at hand that passes closed folders; containers often have only the stronger one."""
    permitted = _capabilities(libc)[0].permitted
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if permitted >> capability & 1 and permitted >> CAP_SETPCAP & 1:
            return capability
    raise PermissionError("root without CAP_DAC_OVERRIDE and CAP_SETPCAP cannot let another user pass a closed folder")


def step_down(uid: int, *, reach: bool) -> None:
    """Leave root for `uid`, with `reach` still able to pass folders closed to it."""
    libc = _libc()
    capability = 0
    if reach:
        capability = _reaching_capability(libc)
        # access(2), with which PostgreSQL looks for its own files, otherwise ignores the capability.
        _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if reach:
        _keep_reach(libc, capability)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` when the parent ends. Only Linux can; elsewhere the next start cleans up."""
    if sys.platform != "linux":
        return
    _check(_libc().prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "parent-death signal")
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, default=signal.SIGKILL)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--reach", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if options.uid is not None:
        step_down(options.uid, reach=options.reach)
    die_with_parent(options.parent, options.death_signal)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
