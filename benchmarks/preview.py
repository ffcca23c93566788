"""A no-change `pulumi preview` of the local stack against a bare azure-native program of the same resources.

Same engine, same provider, `refresh: always` in both; the bare program lacks what this project adds:
settings, bundling, the guard of live slots and traffic of its own. Limit: 1.15 times as long. The two take
turns, so that a busy machine affects both alike. Run with: python -m benchmarks.preview
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.stacks import BARE_PROGRAM, ROOT, Stack, local_azure

LIMIT = 1.15


def preview(stack: Stack) -> float:
    """Seconds of a preview, which must find no changes."""
    start = time.perf_counter()
    stack.run("preview", "--expect-no-changes")
    return time.perf_counter() - start


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of each preview, by program, alternating after one unmeasured round."""
    folder = Path(tempfile.mkdtemp(prefix="azml-bench-"))
    try:
        with local_azure(folder / "azure") as azure:
            stacks = {
                "bare program": Stack(folder / "bare", BARE_PROGRAM, BARE_PROGRAM, azure),
                "local stack": Stack(folder / "local", ROOT / "local", ROOT, azure),
            }
            for stack in stacks.values():
                stack.run("up", "--yes", "--skip-preview")
                preview(stack)
            return _in_turns(stacks, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_turns(stacks: dict[str, Stack], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in stacks}
    for number in range(rounds):
        # Whoever is first in one round is second in the next.
        for name in sorted(stacks, reverse=bool(number % 2)):
            taken[name].append(preview(stacks[name]))
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
    arguments = parser.parse_args()
    taken = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(taken))
        return 0
    return 0 if show(taken) else 1


if __name__ == "__main__":
    sys.exit(main())
