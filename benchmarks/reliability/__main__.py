"""Computes docs/reliability.md: some minutes on one core, and the same figures each time."""

from pathlib import Path

from benchmarks.reliability.figures import figures
from benchmarks.reliability.page import page
from benchmarks.reliability.rules import rules

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main() -> None:
    """Write the page."""
    compared = rules()
    PAGE.write_text(page(figures(compared), compared), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
