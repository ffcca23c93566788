"""`make bench`: runs every benchmark in its own process; fails when one misses its limit."""

import subprocess
import sys
from pathlib import Path

HELPERS = {"__init__", "__main__", "load", "rollout_load", "stacks"}


def main() -> int:
    """Run each benchmark; 1 when a limit was missed."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in HELPERS)
    missed = []
    for name in names:
        print(f"\n{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode:
            missed.append(name)
    print(f"\nlimits missed: {', '.join(missed)}" if missed else "\nevery limit holds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
