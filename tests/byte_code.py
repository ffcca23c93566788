"""Byte code of the tests, made once before the workers start.

Each worker imports all test modules, and pytest rewrites their assertions first. That takes 9 s of a
processor for each worker, and again in each run where Python may write no byte code
(`PYTHONDONTWRITEBYTECODE`).
"""

import compileall
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import distributions
from multiprocessing import get_context
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

TESTS = Path(__file__).parent
PROCESSES, TOGETHER = 2, 8


def make(config: pytest.Config, files: Sequence[Path]) -> None:
    """Byte code of these files where there is none, or of another text.

    Where a folder cannot be written to, pytest does without.
    """
    # Forked, so that they have pytest's configuration, and nothing to import.
    forks = ProcessPoolExecutor(PROCESSES, get_context("fork"), _CONFIG.append, (config,))
    with forks:
        list(forks.map(_made, files, chunksize=TOGETHER))


def modules() -> list[Path]:
    """Those of the tests, and of the packages that have a plugin: pytest rewrites their assertions, too."""
    plugins = (one for one in distributions() if any(point.group == "pytest11" for point in one.entry_points))
    files = [Path(str(one.locate_file(file))) for one in plugins for file in one.files or ()]
    return sorted([*TESTS.rglob("*.py"), *(file for file in files if file.suffix == ".py")])


def cached(file: Path) -> Path:
    """Where pytest 9.2 looks for the byte code of a module with its assertions."""
    return rewrite.get_cache_dir(file) / (file.name.removesuffix(".py") + rewrite.PYC_TAIL)


_CONFIG: list[pytest.Config] = []


def _made(file: Path) -> None:
    if file.is_relative_to(TESTS) and not file.name.startswith(("test_", "conftest")):
        compileall.compile_file(file, quiet=2)
        return
    place = cached(file)
    if rewrite._read_pyc(file, place) is None and rewrite.try_makedirs(place.parent):
        source_hash, code = rewrite._rewrite_test(file, _CONFIG[-1])
        rewrite._write_pyc(_CONFIG[-1].stash[rewrite.assertstate_key], code, source_hash, place)
