"""`make soak`: attack a local Azure and print what came of it; exit code 1 when a zero is none."""

import argparse
import secrets
import sys

from tests.soak.attacks import ATTACKS
from tests.soak.soak import soak


def main() -> int:
    """Read the command line, soak, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--once", action="store_true", help="every attack once, and then the end")
    parser.add_argument("--seed", type=int, help="attack as in an earlier soak; the table names its seed")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    figures = soak(seed, given.minutes * 60, given.clients, once=list(ATTACKS) if given.once else ())
    print(figures.table())
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
