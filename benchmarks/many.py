"""Many endpoints in one stack: what each costs as they become more, with two deployments each.

The control plane is the local Azure's own; in place of its data plane is the tests' stand-in, so that the
endpoints are records without processes. Each count has a stack and a control plane of its own: a first
preview, `up`, and a preview that finds no changes. Processor time is that of the engine, the program and the
plugins; on a busy machine it tells more than the clock. Limit: each of the most endpoints costs at most 1.3
times the processor time of each of the fewest. Run with: python -m benchmarks.many
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.stacks import ROOT, Stack
from tests.fixtures.control_plane import ControlPlane, started
from tests.fixtures.scoring_folder import write_scoring_folder

LIMIT = 1.3
COUNTS = (10, 25, 50, 100)
STEPS = {
    "first preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "preview, no changes": ("preview", "--expect-no-changes"),
}


@dataclass(frozen=True)
class Cost:
    """Seconds of one command: by the clock, and of processors."""

    clock: float
    processor: float


@dataclass(frozen=True)
class RecordsOnly:
    """A control plane, as a stack reaches it."""

    plane: ControlPlane

    def environment(self) -> dict[str, str]:
        """The variables that point the engine's plugins at it."""
        return {name: str(value) for name, value in self.plane.own("GET", "environment").body.items()}


def measure(count: int, folder: Path) -> dict[str, Cost]:
    """The cost of each command on a stack of so many endpoints."""
    scoring = write_scoring_folder(folder / "price")
    with started(folder / "azure") as plane:
        stack = Stack(folder / "stack", ROOT / "local", ROOT, RecordsOnly(plane))
        file = stack.folder / "Pulumi.local.yaml"
        document = yaml.safe_load(file.read_text())
        document["config"]["azml:endpoints"] = endpoints(count, scoring)
        file.write_text(yaml.safe_dump(document))
        return {name: timed(stack, *command) for name, command in STEPS.items()}


def endpoints(count: int, folder: Path) -> Mapping[str, Any]:
    """The settings of the endpoints: one folder, and two slots each."""
    slots = {slot: {"file": "deployment.yml"} for slot in ("blue", "green")}
    settings = {"path": str(folder), "deployments": slots, "traffic": {"blue": 90, "green": 10}}
    return {f"many-{number}": {**settings, "name": f"many-{number}"} for number in range(count)}


def timed(stack: Stack, *command: str) -> Cost:
    """Run a command of the engine."""
    clock, processor = time.perf_counter(), _processor()
    stack.run(*command)
    return Cost(time.perf_counter() - clock, _processor() - processor)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(found: Mapping[int, Mapping[str, Cost]]) -> bool:
    """Print the curve; whether the limit holds."""
    kept = True
    print(
        f"{'seconds':<22}{'endpoints':>10}{'clock':>9}{'each':>8}{'processor':>11}{'each':>8}{'one more':>10}"
    )
    for name in STEPS:
        before: tuple[int, float] | None = None
        for count, costs in found.items():
            cost = costs[name]
            more = f"{(cost.processor - before[1]) / (count - before[0]):.3f}" if before else ""
            print(
                f"{name:<22}{count:>10}{cost.clock:>9.1f}{cost.clock / count:>8.3f}"
                f"{cost.processor:>11.1f}{cost.processor / count:>8.3f}{more:>10}"
            )
            before = count, cost.processor
        fewest, most = min(found), max(found)
        ratio = (found[most][name].processor / most) / (found[fewest][name].processor / fewest)
        kept = kept and ratio <= LIMIT
        print(f"{'':<22}each at {most} / each at {fewest}: {ratio:.2f}; limit {LIMIT}\n")
    return kept


def main() -> int:
    """Measure and show; exit code 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("counts", type=int, nargs="*", default=COUNTS)
    found: dict[int, dict[str, Cost]] = {}
    for count in sorted(parser.parse_args().counts):
        with tempfile.TemporaryDirectory(prefix="azml-bench-") as folder:
            found[count] = measure(count, Path(folder))
        figures = (f"{name} {cost.clock:.1f} ({cost.processor:.1f})" for name, cost in found[count].items())
        print(f"{count} endpoints, seconds (of processors): {', '.join(figures)}", file=sys.stderr)
    return 0 if show(found) else 1


if __name__ == "__main__":
    sys.exit(main())
