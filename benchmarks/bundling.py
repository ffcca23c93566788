"""Bundling 1 GB in 2,000 files against `sha256sum` over the same files, as ratios in one run.

Limits: a first run takes at most 1.3 times as long as sha256sum, an unchanged run at most 2.5 times as long
as asking the system for the size and times of every file.
Every figure is the best of several alternating rounds, with files in the page cache, so that a busy machine
affects all alike. Run with: python -m benchmarks.bundling
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from azml.bundling import HashCache, bundle
from azml.specs import AssetReference, DeploymentSpec, LocalModel

FOLDERS = 20
SETTLE = 0.1  # seconds; digests of files younger than a clock tick are not kept


def make_model(folder: Path, files: int, size: int) -> None:
    """`files` files of random bytes, `size` bytes each."""
    for number in range(files):
        file = folder / f"part-{number % FOLDERS:02d}" / f"weights-{number:05d}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(size))


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, by the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """The best time of each contestant, in seconds."""
    model = folder / "model"
    files = [str(file) for file in sorted(model.rglob("*.bin"))]
    cache = folder / "hashes.json"
    environment = AssetReference("environment", "1")
    spec = DeploymentSpec("blue", "benchmark", model=LocalModel(model), environment=environment)

    def sha256sum() -> None:
        subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)

    def run() -> None:
        bundle(spec, endpoint="benchmark", cache=HashCache(cache))

    def ask() -> None:
        for part in model.iterdir():
            with os.scandir(part) as entries:
                for entry in entries:
                    entry.stat(follow_symlinks=False)

    best: dict[str, float] = {}
    contestants = (("sha256sum", sha256sum), ("first run", run), ("bare stat", ask), ("unchanged run", run))
    for _ in range(rounds):
        cache.unlink(missing_ok=True)
        for name, work in contestants:
            best[name] = min(seconds(work), best.get(name, float("inf")))
    return best


def show(best: dict[str, float]) -> bool:
    """Print the table; whether both limits hold."""
    rows = (("first run", "sha256sum", 1.3), ("unchanged run", "bare stat", 2.5))
    print(f"{'':16}{'seconds':>9}{'ratio':>9}{'limit':>9}  of")
    for name in ("sha256sum", "bare stat"):
        print(f"{name:16}{best[name]:9.3f}")
    for name, base, limit in rows:
        ratio = best[name] / best[base]
        verdict = "" if ratio <= limit else "  MISSED"
        print(f"{name:16}{best[name]:9.3f}{ratio:9.3f}{limit:9.2f}  {base}{verdict}")
    return all(best[name] <= limit * best[base] for name, base, limit in rows)


def main() -> int:
    """Make the files, measure, print; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder) / "model", options.files, options.megabytes * 1_000_000 // options.files)
        time.sleep(SETTLE)
        return 0 if show(measure(Path(folder), options.rounds)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
