"""`make bench`: each benchmark in its own process, but for the long ones; fails when one misses its limit."""

import subprocess
import sys
from pathlib import Path

HELPERS = {"__init__", "__main__", "load", "processes", "recorded", "rollout_load", "stacks"}
BY_NAME = {"many"}
"""They take much longer than all others together."""


def main() -> int:
    """Run each benchmark; 1 when a limit was missed."""
    files = Path(__file__).parent.glob("*.py")
    names = sorted({file.stem for file in files} - HELPERS - BY_NAME)
    missed = []
    for name in names:
        print(f"\n{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode:
            missed.append(name)
    for name in sorted(BY_NAME):
        print(f"\nnot run, because it takes long: python -m benchmarks.{name}")
    print(f"\nlimits missed: {', '.join(missed)}" if missed else "\nevery limit holds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
