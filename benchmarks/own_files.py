"""The cost of giving each instance its own files, which are verified before they are copied.

Limits: a model of 1 MB costs at most 5 % of a warm start of its server; where the file system clones, a model
of 2 GB costs at most 0.1 s: its bytes are not read. `--folder` says on which file system. Medians.
Run with: python -m benchmarks.own_files
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from azml.emulator.base.cloning import clone
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.control.arm.database import Database
from azml.emulator.control.machinelearning.materialise import Materialiser, Place
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.control.storage.contents import CHUNK
from azml.emulator.supervisor.serving.instance_files import Files
from benchmarks.make_up import servers_start
from tests.fixtures.serving_azure import CONDA
from tests.soak.azure import SCRIPT

SHARE_LIMIT = 0.05
CLONED_LIMIT = 0.1  # seconds
SMALL, LARGE = 1 << 20, 2 << 30  # bytes


async def laid_out(folder: Path, size: int) -> DesiredDeployment:
    """A deployment with a model of one file of that size, and the code that does not read it."""
    blobs = BlobStore(Database(folder / "azure.db"), folder / "blobs")
    materialiser = Materialiser(folder / "laid-out", blobs)

    async def model() -> AsyncIterator[bytes]:
        for _ in range(size // CHUNK):
            yield os.urandom(CHUNK)

    async def code() -> AsyncIterator[bytes]:
        yield SCRIPT

    for name, chunks in (("model/weights.bin", model()), ("src/score.py", code())):
        blobs.put("/c", name, await blobs.receive(chunks), "application/octet-stream", {})
    return DesiredDeployment(
        "/e/blue",
        "/e",
        "blue",
        model_folder=await materialiser.model(Place("/c", "model"), "m", "1"),
        code_folder=await materialiser.code(Place("/c", "src")),
        scoring_script="score.py",
        conda=CONDA,
        environment_variables={"SLOT": "blue"},
    )


async def given(folder: Path, desired: DesiredDeployment, rounds: int) -> list[float]:
    """Seconds until another instance has its files."""
    taken, files = [], Files(folder)
    for _ in range(rounds):
        own = files.of_one(desired, print)
        began = time.perf_counter()
        await own.ready()
        taken.append(time.perf_counter() - began)
        await own.remove()
    return taken


def clones(folder: Path) -> bool:
    """Whether the file system shares blocks."""
    (folder / "one").write_bytes(bytes(SMALL))
    return clone(folder / "one", folder / "other")


def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each."""
    for name in ("small", "large", "servers"):
        (folder / name).mkdir()
    small = asyncio.run(laid_out(folder / "small", SMALL))
    large = asyncio.run(laid_out(folder / "large", LARGE))
    servers_start([small], folder / "servers")  # builds the environment, if there is none
    return {
        "warm start of a server": [servers_start([small], folder / "servers") for _ in range(rounds)],
        "files of 1 MB": asyncio.run(given(folder / "small", small, 5 * rounds)),
        "files of 2 GB": asyncio.run(given(folder / "large", large, rounds)),
    }


def show(taken: dict[str, list[float]], cloned: bool) -> bool:
    """Print the table; whether the limits hold."""
    print(f"{'':<24}{'min s':>9}{'median s':>10}{'max s':>9}")
    for name, seconds in taken.items():
        print(f"{name:<24}{min(seconds):>9.4f}{statistics.median(seconds):>10.4f}{max(seconds):>9.4f}")
    start, small, large = (statistics.median(seconds) for seconds in taken.values())
    share = small / start
    print(f"1 MB, of a warm start: {share:.1%}  limit {SHARE_LIMIT:.0%}", _missed(share <= SHARE_LIMIT))
    if cloned:
        print(f"2 GB, cloned: {large:.3f} s  limit {CLONED_LIMIT} s", _missed(large <= CLONED_LIMIT))
    else:
        print("2 GB are copied once for each instance: this file system cannot clone")
    return share <= SHARE_LIMIT and (not cloned or large <= CLONED_LIMIT)


def _missed(holds: bool) -> str:
    return "" if holds else "MISSED"


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="azml-bench-", dir=arguments.folder) as name:
        folder = Path(name)
        return 0 if show(measure(folder, arguments.rounds), clones(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
