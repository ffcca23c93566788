"""Simulated histories by the thousand: `python -m tests.rollout.simulation --histories 1000000 --seed 0`.

A history that violates an invariant is told with its seed; `--seed S --histories 1` runs it again.
"""

import argparse
import sys
from collections import Counter
from time import perf_counter

from tests.rollout.simulation.history import History


def failing(seed: int) -> str | None:
    """What is wrong with the history of a seed, None where nothing is."""
    try:
        History(seed).run()
    except AssertionError as violation:
        return f"seed {seed}: {violation}"
    except Exception as broken:  # an engine that breaks is a failure as well: the seed has to be told
        return f"seed {seed}: {type(broken).__name__}: {broken}"
    return None


def main() -> int:
    """Run them; exit code 1 when one failed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--histories", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    began = perf_counter()
    ends: Counter[str] = Counter()
    failures = 0
    for seed in range(options.seed, options.seed + options.histories):
        if found := failing(seed):
            failures += 1
            print(found)
    took = perf_counter() - began
    print(f"{options.histories} histories, {failures} failures, {took:.1f} s ({took / options.histories * 1e3:.2f} ms each)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
