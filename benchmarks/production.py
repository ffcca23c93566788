"""Everything on: `examples/production` on the local Azure against the same resources as a bare program.

The bare program (recorded.py) declares the stack's azure-native resources in literals, and previews them on
the same Azure. Both previews find no changes, refresh what exists, and take turns. Limits: 1.2 times the
bare program's processor time for a preview, and 60 s for the first `up`. Run with:
python -m benchmarks.production
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.many import Cost, timed
from benchmarks.recorded import recorded
from benchmarks.stacks import ROOT, Stack, local_azure

RATIO = 1.2
UP_SECONDS = 60.0
EXAMPLE = ROOT / "examples" / "production"


def settings() -> dict[str, object]:
    """The example's, with its folder by an absolute path."""
    document: dict[str, dict[str, dict[str, dict[str, str]]]] = yaml.safe_load(
        (EXAMPLE / "Pulumi.production.yaml").read_text()
    )
    document["config"]["azml:endpoints"]["delivery"]["path"] = str(EXAMPLE / "delivery")
    return dict(document)


def measure(rounds: int, folder: Path) -> tuple[Cost, dict[str, list[Cost]]]:
    """The cost of the first `up`, and of each preview by program."""
    with local_azure(folder / "azure") as azure:
        ours = Stack(folder / "production", ROOT / "local", ROOT, azure)
        (ours.folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(settings()))
        up = timed(ours, "up", "--yes", "--skip-preview")
        stacks = {"everything on": ours, "bare program": recorded(ours).stack(folder / "bare", azure)}
        taken: dict[str, list[Cost]] = {name: [] for name in stacks}
        for number in range(rounds):
            for name in sorted(stacks, reverse=bool(number % 2)):
                taken[name].append(timed(stacks[name], "preview", "--expect-no-changes"))
        return up, taken


def show(up: Cost, taken: dict[str, list[Cost]]) -> bool:
    """Print the tables; whether the limits hold."""
    print(f"{'no-change preview':<20}{'clock s':>10}{'processor s':>13}   (medians)")
    for name, costs in taken.items():
        clock = statistics.median(cost.clock for cost in costs)
        print(f"{name:<20}{clock:>10.2f}{processor(costs):>13.2f}")
    ratio = processor(taken["everything on"]) / processor(taken["bare program"])
    print(f"ratio of processor times {ratio:.2f}; limit {RATIO}")
    print(
        f"up, everything on: {up.clock:.1f} s, {up.processor:.1f} s of processors; limit {UP_SECONDS:.0f} s"
    )
    return ratio <= RATIO and up.clock <= UP_SECONDS


def processor(costs: list[Cost]) -> float:
    """Seconds of processors, median."""
    return statistics.median(cost.processor for cost in costs)


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory(prefix="azml-bench-") as folder:
        return 0 if show(*measure(parser.parse_args().rounds, Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
