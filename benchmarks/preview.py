"""A no-change `pulumi preview` of the local stack against a bare azure-native program of the same resources.

Same engine, same provider, `refresh: always` in both; the bare program lacks what this project adds:
settings, bundling, the guard of live slots and traffic of its own. Limit: 1.15 times as long. The two take
turns, so that a busy machine weighs on both alike. Run with: python benchmarks/preview.py
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from azml.cli.clone import Clone
from azml.cli.local_azure import LocalAzure, recorded
from azml.toolchain.pulumi import find_or_install

ROOT = Path(__file__).parents[1]
LIMIT = 1.15
START_LIMIT = 60.0  # seconds


@contextmanager
def local_azure(folder: Path) -> Iterator[LocalAzure]:
    """A local Azure on free ports with its state in `folder`; ends with the block."""
    clone = Clone(folder)
    clone.emulator.mkdir(parents=True)
    command = [sys.executable, "-m", "azml.emulator", "--folder", str(clone.emulator)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", "0", "--scoring-port", "0"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield _answering(clone, process)
        finally:
            process.terminate()
            process.wait()


def _answering(clone: Clone, process: "subprocess.Popen[bytes]") -> LocalAzure:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        if found := recorded(clone):
            return found
        time.sleep(0.05)
    raise RuntimeError((clone.root / "log").read_text())


class Stack:
    """A project in a folder of its own, and the engine to run it with."""

    def __init__(self, folder: Path, project: Path, program: Path, azure: LocalAzure) -> None:
        folder.joinpath(".state").mkdir(parents=True)
        text = yaml.safe_load((project / "Pulumi.yaml").read_text())
        text["main"] = f"{program}/"
        for plugin in text["plugins"]["providers"]:
            plugin["path"] = str((project / plugin["path"]).resolve())
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(text))
        for file in project.glob("Pulumi.local.yaml"):
            shutil.copy(file, folder)
        self.cli = find_or_install(lambda text: None)
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        own = {"PULUMI_SKIP_UPDATE_CHECK": "true", "VIRTUAL_ENV": sys.prefix}
        self.environment = {**kept, **azure.environment(), **own}
        self.run("stack", "init", "local")
        self.run("config", "set", "azure-native:location", "westeurope")

    def run(self, *arguments: str) -> str:
        """Run the CLI; raises with its output when it fails."""
        done = subprocess.run(
            [str(self.cli), *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stdout)
        return done.stdout

    def preview(self) -> float:
        """Seconds of a preview that must find nothing to do."""
        start = time.perf_counter()
        self.run("preview", "--expect-no-changes")
        return time.perf_counter() - start


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of each preview, a list a program, in turns after one unmeasured round."""
    folder = Path(tempfile.mkdtemp(prefix="azml-bench-"))
    try:
        with local_azure(folder / "azure") as azure:
            bare = ROOT / "benchmarks" / "bare_program"
            stacks = {
                "bare program": Stack(folder / "bare", bare, bare, azure),
                "local stack": Stack(folder / "local", ROOT / "local", ROOT, azure),
            }
            for stack in stacks.values():
                stack.run("up", "--yes", "--skip-preview")
                stack.preview()
            return _in_turns(stacks, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_turns(stacks: dict[str, Stack], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in stacks}
    for number in range(rounds):
        # Whoever is first in one round is second in the next.
        for name in sorted(stacks, reverse=bool(number % 2)):
            taken[name].append(stacks[name].preview())
    return taken


def show(taken: dict[str, list[float]]) -> bool:
    """Print the table; whether the ratio is within its limit."""
    print(f"{'no-change preview':<20}{'min s':>8}{'median s':>10}{'max s':>8}")
    for name, seconds in taken.items():
        print(f"{name:<20}{min(seconds):>8.2f}{statistics.median(seconds):>10.2f}{max(seconds):>8.2f}")
    bare, ours = taken["bare program"], taken["local stack"]
    ratio = statistics.median(ours) / statistics.median(bare)
    best = min(ours) / min(bare)
    print(f"ratio of medians {ratio:.2f}, of minima {best:.2f}; limit {LIMIT}")
    return ratio <= LIMIT


def main() -> int:
    """Measure and show; exit code 1 when the limit is exceeded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the seconds as JSON")
    told = parser.parse_args()
    taken = measure(told.rounds)
    if told.json:
        print(json.dumps(taken))
        return 0
    return 0 if show(taken) else 1


if __name__ == "__main__":
    sys.exit(main())
