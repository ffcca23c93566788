"""Many endpoints in one stack: what each costs as they become more, with two deployments each.

The control plane is the local Azure's own; in place of its data plane is the tests' stand-in, so that the
endpoints are records without processes. Each count has a stack and a control plane of its own. After it, the
same azure-native resources are a bare program (recorded.py) beside it: what the engine costs by itself.
Processor time is that of the engine, the program and the plugins; on a busy machine it tells more than the
clock. Limit: each of the most endpoints costs at most 1.3 times the processor time of each of the fewest, or
as many times as in the bare program. Run with: python -m benchmarks.many
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.processes import Meter
from benchmarks.recorded import recorded
from benchmarks.stacks import ROOT, Stack
from tests.fixtures.control_plane import ControlPlane, started
from tests.fixtures.scoring_folder import write_scoring_folder

LIMIT = 1.3
COUNTS = (10, 25, 50, 100)
OURS, BARE = "stack", "bare program"
STEPS = {
    "first preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "preview, no changes": ("preview", "--expect-no-changes"),
    "up, no changes": ("up", "--yes", "--skip-preview", "--expect-no-changes"),
}


@dataclass(frozen=True)
class Cost:
    """Seconds of one command: by the clock, of processors, and of processors by what used them."""

    clock: float
    processor: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordsOnly:
    """A control plane, as a stack reaches it."""

    plane: ControlPlane

    def environment(self) -> dict[str, str]:
        """The variables that point the engine's plugins at it."""
        return {name: str(value) for name, value in self.plane.own("GET", "environment").body.items()}


Costs = dict[str, dict[str, Cost]]
"""By program and step."""


def measure(count: int, folder: Path, meter: Meter) -> Costs:
    """The cost of each command on a stack of so many endpoints, and on a bare program of as many."""
    scoring = write_scoring_folder(folder / "price")
    with started(folder / "azure") as plane:
        azure = RecordsOnly(plane)
        ours = Stack(folder / "stack", ROOT / "local", ROOT, azure)
        file = ours.folder / "Pulumi.local.yaml"
        document = yaml.safe_load(file.read_text())
        document["config"]["azml:endpoints"] = endpoints(count, scoring)
        file.write_text(yaml.safe_dump(document))
        found = {OURS: _steps(ours, meter)}
        same = recorded(ours, {"many-": "bare-"})
        for endpoint in same.ids("azure-native:machinelearningservices:OnlineEndpoint"):
            plane.done(plane.arm("DELETE", endpoint))  # a region has 100 at most
        bare = same.stack(folder / "bare", azure)
        return {**found, BARE: _steps(bare, meter)}


def _steps(stack: Stack, meter: Meter) -> dict[str, Cost]:
    return {name: timed(stack, *command, meter=meter) for name, command in STEPS.items()}


def endpoints(count: int, folder: Path) -> Mapping[str, Any]:
    """The settings of the endpoints: one folder, and two slots each."""
    slots = {slot: {"file": "deployment.yml"} for slot in ("blue", "green")}
    settings = {"path": str(folder), "deployments": slots, "traffic": {"blue": 90, "green": 10}}
    return {f"many-{number}": {**settings, "name": f"many-{number}"} for number in range(count)}


def timed(stack: Stack, *command: str, meter: Meter | None = None) -> Cost:
    """Run a command of the engine."""
    before = meter.totals() if meter else {}
    clock, processor = time.perf_counter(), _processor()
    stack.run(*command)
    took = time.perf_counter() - clock, _processor() - processor
    after = meter.totals() if meter else {}
    return Cost(*took, {name: seconds - before.get(name, 0.0) for name, seconds in after.items()})


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(found: Mapping[int, Costs]) -> bool:
    """Print the curves; whether the limits hold."""
    kept = [_show_step(name, found) for name in STEPS]
    return all(kept)


def _show_step(name: str, found: Mapping[int, Costs]) -> bool:
    print(f"{name:<20}{'':>12}{'processor seconds of each endpoint':>50}")
    parts = sorted({part for costs in found.values() for part in costs[OURS][name].parts})
    columns = "".join(f"{part:>21}" for part in parts)
    print(f"{'endpoints':<12}{'clock s':>9}{'processor s':>13}{'each':>8}{BARE:>14}   of it:{columns}")
    for count, costs in found.items():
        ours, bare = costs[OURS][name], costs[BARE][name]
        used = "".join(f"{ours.parts.get(part, 0.0) / count:>21.3f}" for part in parts)
        print(
            f"{count:<12}{ours.clock:>9.1f}{ours.processor:>13.1f}{ours.processor / count:>8.3f}"
            f"{bare.processor / count:>14.3f}{'':>9}{used}"
        )
    ours_grows, bare_grows = growth(found, OURS, name), growth(found, BARE, name)
    limit = max(LIMIT, bare_grows)
    print(
        f"each at {max(found)} / each at {min(found)}: {ours_grows:.2f}, bare program {bare_grows:.2f}; ",
        end="",
    )
    print(f"limit {limit:.2f}{', as the bare program' if limit > LIMIT else ''}\n")
    return ours_grows <= limit


def growth(found: Mapping[int, Costs], program: str, step: str) -> float:
    """How many times the cost of each of the fewest endpoints each of the most costs."""
    fewest, most = (found[count][program][step].processor / count for count in (min(found), max(found)))
    return most / fewest


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("counts", type=int, nargs="*", default=COUNTS)
    found: dict[int, Costs] = {}
    for count in sorted(parser.parse_args().counts):
        with tempfile.TemporaryDirectory(prefix="azml-bench-") as folder, Meter() as meter:
            found[count] = measure(count, Path(folder), meter)
        for program, costs in found[count].items():
            figures = (f"{name} {cost.clock:.1f} ({cost.processor:.1f})" for name, cost in costs.items())
            print(f"{program}, {count}: seconds (of processors): {', '.join(figures)}", file=sys.stderr)
    return 0 if show(found) else 1


if __name__ == "__main__":
    sys.exit(main())
