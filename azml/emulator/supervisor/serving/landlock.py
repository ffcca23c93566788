"""Restricts access to the machine's files with Linux's Landlock (since 5.13).

The rules: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""System calls, which have the same numbers on every processor that Python runs on."""
_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << place for place in range(4))
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_BASIC = (1 << 13) - 1
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_SCOPES = (1 << 0) | (1 << 1)
"""Abstract sockets and signals: only to processes that are confined in the same way."""
_FOR_ALL = ("/tmp", "/dev")  # noqa: S108 - no file is made there
_NO_NEW_PRIVILEGES = 38
_DROP_FROM_BOUND = 24
_FILE_CAPABILITIES = 0b11111
"""CHOWN to FSETID: root can still read and write files that are not its own."""
_CAPABILITIES_3 = 0x20080522


class _Attributes(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("ports", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """The version of Landlock's interface that this kernel offers; 0 if it has none or forbids it."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_library().syscall(_CREATE, None, 0, _VERSION)))


@dataclass(frozen=True)
class Rules:
    """Real paths: `hidden` ones, `kept` ones that are never written to, a process's own, and `readable` ones.

    A process can read everything that is not hidden, and write in its own folders and in those shared by all
    but for what is kept. Of what is hidden it can access only what is its own or readable.
    """

    hidden: tuple[Path, ...]
    kept: tuple[Path, ...]
    own: tuple[Path, ...]
    readable: tuple[Path, ...]


def confine(rules: Rules) -> None:
    """Confine this thread and all that it starts, irrevocably. Other threads stay as they are.

    Raises OSError.
    """
    ruleset = _ruleset()
    try:
        _fill(ruleset, rules)
        _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _call("syscall", _RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    _give_up_capabilities()


def _handled() -> int:
    known = version()
    return _BASIC | (_REFER if known > 1 else 0) | (_TRUNCATE if known > 2 else 0)


def _fill(ruleset: int, rules: Rules) -> None:
    hidden, kept = frozenset([*map(str, rules.hidden), *_disks()]), frozenset(map(str, rules.kept))
    # Creating a device would be a way around it: through the disk itself.
    writing = _handled() & ~(_MAKE_CHAR | _MAKE_BLOCK)
    for path in (*_spread_all(("/",), hidden.union(_FOR_ALL)), *_spread_all(kept, hidden)):
        _allow(ruleset, path, _READING)
    for path in map(str, rules.readable):
        _allow(ruleset, path, _READING)
    for path in (*_spread_all(_FOR_ALL, hidden | kept), *map(str, rules.own)):
        _allow(ruleset, path, writing)


def _ruleset() -> int:
    attributes = _Attributes(_handled(), 0, _SCOPES)
    # A kernel accepts no more of the structure than it knows.
    size = 24 if version() > 5 else 8
    return _call("syscall", _CREATE, ctypes.byref(attributes), size, 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # deleted meanwhile, or not visible to us
        return
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISLNK(mode):  # its target is handled under its own path
            return
        allowed = rights if stat.S_ISDIR(mode) else rights & _OF_FILES
        rule = _Beneath(allowed, descriptor)
        _call("syscall", _ADD, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _spread(path: str, hidden: frozenset[str]) -> Iterator[str]:
    """The paths to allow so that everything below `path` but the hidden is: Landlock can only allow."""
    if path in hidden:
        return
    inside = path.rstrip("/") + "/"
    if not any(one.startswith(inside) for one in hidden):
        yield path
        return
    try:
        names = os.listdir(path)  # noqa: PTH208 - called for each start, and pathlib takes longer
    except OSError:
        return
    for name in names:
        yield from _spread(inside + name, hidden)


def _spread_all(paths: Iterable[str], hidden: frozenset[str]) -> Iterator[str]:
    return (one for path in paths for one in _spread(path, hidden))


def _disks() -> Iterator[str]:
    """Block devices: root could read from them the files that it cannot open."""
    with os.scandir("/dev") as entries:
        for entry in entries:
            if stat.S_ISBLK(entry.stat(follow_symlinks=False).st_mode):
                yield entry.path


def _give_up_capabilities() -> None:
    """For root: drop those with which it could change the kernel, or inspect other processes."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _call("capget", header, sets)
    if not any(sets):
        return
    for number in range(_FILE_CAPABILITIES.bit_length(), 64):
        if _library().prctl(_DROP_FROM_BOUND, number, 0, 0, 0) < 0:
            break  # past the last one, or not allowed: then no program gains any, because of the call before
    held = [word & mask for word, mask in zip(sets, (_FILE_CAPABILITIES,) * 3 + (0,) * 3, strict=True)]
    _call("capset", header, (ctypes.c_uint32 * 6)(*held))


def _call(name: str, *arguments: object) -> int:
    result = int(getattr(_library(), name)(*arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
