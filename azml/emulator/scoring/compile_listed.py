"""Compiles modules that a scoring process imported, so that the next one need not. Runs none of them.

`python -I -S -X pycache_prefix=FOLDER compile_listed.py ROOT...` reads paths, one a line, which come from a
process that runs a scoring script: nothing about them is trusted. Only files below the roots and in Python's
own library are compiled, which no scoring process can write to. Run by an environment's Python: only the
standard library and the syntax of Python 3.8.
"""

import os
import py_compile
import stat
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import cache_from_source

MOST_FILES = 5_000
MOST_BYTES = 4 << 20
"""Of one source file."""
_MOST_LISTED = 4 << 20  # bytes


def accepted(paths: Iterable[str], roots: Sequence[str]) -> Iterator[str]:
    """The paths to compile, at most `MOST_FILES`: Python files below a root, also behind symlinks."""
    real = [os.path.realpath(root) for root in roots]
    left = MOST_FILES
    for path in dict.fromkeys(paths):
        if left and _plain(path) and _below(path, roots) and _below(os.path.realpath(path), real):
            left -= 1
            yield path


def compile_all(paths: Iterable[str]) -> None:
    """Compile files that have no valid byte code. What cannot be compiled is left out."""
    for path in paths:
        try:
            if _fits(path) and not _current(path, cache_from_source(path)):
                mode = py_compile.PycInvalidationMode.TIMESTAMP
                py_compile.compile(path, doraise=True, invalidation_mode=mode)
        except (OSError, ValueError, py_compile.PyCompileError, RecursionError):
            continue


def _current(source: str, byte_code: str) -> bool:
    """Whether a file's byte code was made from the source as it is now, by the marks that Python compares."""
    try:
        with open(byte_code, "rb") as file:  # noqa: PTH123 - called for each module; pathlib takes longer
            head = file.read(16)
        found = os.stat(source)  # noqa: PTH116
    except OSError:
        return False
    marks = (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    return head[8:] == b"".join(mark.to_bytes(4, "little") for mark in marks)


def _plain(path: str) -> bool:
    return path.endswith(".py") and "\0" not in path and path == os.path.abspath(path)  # noqa: PTH100


def _below(path: str, roots: Sequence[str]) -> bool:
    return any(path.startswith(root.rstrip("/") + "/") for root in roots)


def _fits(path: str) -> bool:
    found = os.stat(path)  # noqa: PTH116
    return stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES


def _main() -> None:
    os.nice(19)
    warnings.simplefilter("ignore")  # about sources that are not ours
    listed = sys.stdin.buffer.read(_MOST_LISTED).decode("utf-8", "replace").splitlines()
    compile_all(accepted(listed, [*sys.argv[1:], os.path.dirname(os.__file__)]))  # noqa: PTH120


if __name__ == "__main__":
    _main()
