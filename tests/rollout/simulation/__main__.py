"""Simulated histories by the thousand: `python -m tests.rollout.simulation --histories 1000000 --seed 0`.

A history that violates an invariant is told with its seed; `--seed S --histories 1` runs it again, and a line
in `seeds.txt` makes it a test.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import process_time

from tests.rollout.simulation.history import History

SEEDS = Path(__file__).with_name("seeds.txt")
"""Seeds that once found a fault, or find a planted one: they run first."""
CHUNK = 10_000
"""Histories after which it is said how many there were."""


def simulate(seeds: Iterable[int]) -> tuple[Counter[str], list[str]]:
    """Run the histories of these seeds: how many ended how, and what is wrong, each with its seed."""
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in seeds:
        try:
            history = History(seed).run()
        except Exception as broken:  # whatever breaks, its seed has to be told
            wrong.append(f"seed {seed}: {type(broken).__name__}: {broken}")
        else:
            ends[history.blob.state.phase.said] += 1
            ends["kills survived"] += history.kills
    return ends, wrong


def known() -> list[int]:
    """The seeds of `seeds.txt`."""
    lines = [line.partition("#")[0].strip() for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    return [int(line) for line in lines if line]


def main() -> int:
    """Run them; exit code 1 when one failed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--histories", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    began = process_time()
    last = options.seed + options.histories
    ends, wrong = simulate(known())
    print(*wrong, sep="\n", end="\n" if wrong else "")
    for first in range(options.seed, last, CHUNK):
        some, more = simulate(range(first, min(first + CHUNK, last)))
        ends, wrong = ends + some, wrong + more
        print(*more, f"{min(first + CHUNK, last) - options.seed:,} histories", sep="\n", flush=True)
    took = process_time() - began
    for end, count in sorted(ends.items()):
        print(f"{end:<16}{count:>9}")
    print(f"{options.histories:,} histories, {len(wrong)} failures")
    print(f"{took:.0f} s of the processor, {took / options.histories * 1e3:.2f} ms each")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
