"""`make demo-rollout`: what a plan does with versions that are good, broken, slow or subtly wrong."""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from azml.cli.failure import ExitCode
from tests.cli.rollouts import journey
from tests.cli.rollouts.stage import PLAN, Stage

ACTS = (journey.flips, journey.throws, journey.slow, journey.killed, journey.nobody)


def main() -> int:
    """Deploy five versions to a local Azure of its own, roll each out, print what became of it."""
    console, began = Console(highlight=False, soft_wrap=True), time.monotonic()
    console.print(
        "Five versions of a model that labels numbers, on a local Azure in a folder of its own. blue serves; "
        "each of the others is taken through this plan, in seconds instead of minutes, while two clients "
        "send requests all the time:\n"
    )
    console.print(PLAN[PLAN.index("gates:") :], markup=False)
    folder = Path(tempfile.mkdtemp(prefix="azml-demo-"))
    stage = Stage(folder / "clone")
    try:
        console.print("deploying (half a minute) ...")
        stage.up()
        load, ended = stage.load(), []
        for act in ACTS:
            console.print(f"\n[bold]{(act.__doc__ or '').strip()}[/bold]")
            ended.append(act(stage, load))
            console.print(ended[-1].log.strip(), style="dim", markup=False)
            console.print(ended[-1].said, markup=False)
    finally:
        stage.clone.run("down")
        shutil.rmtree(folder, ignore_errors=True)
    console.print()
    console.print(table(ended))
    console.print(
        f"{load.answers.total()} requests sent, {load.failed} failed; {time.monotonic() - began:.0f} s"
    )
    return 0 if not any(one.failed for one in ended[2:]) else 1


def table(ended: list[journey.Ended]) -> Table:
    """One line for each version."""
    shown = Table(box=None, header_style="dim")
    for title in ("the version", "came to", "sent", "failed", "seconds"):
        shown.add_column(title, justify="left" if title in ("the version", "came to") else "right")
    for one in ended:
        outcome = ExitCode(one.code).name.lower().replace("_", " ").replace("done", "succeeded")
        shown.add_row(one.title, outcome, str(one.sent), str(one.failed), f"{one.seconds:.0f}")
    return shown


if __name__ == "__main__":
    sys.exit(main())
