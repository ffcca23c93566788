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
from tests.cli.rollouts.stage import Stage

ACTS: dict[journey.Act, ExitCode] = {
    journey.flips: ExitCode.ROLLED_BACK,
    journey.throws: ExitCode.ROLLED_BACK,
    journey.slow: ExitCode.ROLLED_BACK,
    journey.killed: ExitCode.DONE,
    journey.nobody: ExitCode.PAUSED,
}
"""What each has to come to."""
STORY = """\
An endpoint, labels, has five versions of a model that calls numbers high or low. blue serves its users;
flips, throws, slow and good wait for their turn. Each is taken through the same plan, in seconds where a
real plan has minutes, while two clients send requests all the time:

  step 1  smoke         a request to the candidate alone: it has to be answered within 2 s
  step 2  shadow 20 %   a fifth of the users' requests is copied to it; then 150 recorded requests go to both
                        versions, and at least 98 % of the labels have to be the same, with 95 % confidence
  step 3  traffic 50 %  half of the users get its answers, for 4 s: at most 5 % errors
  step 4  traffic 100 % all of them, for 4 s: the same

A verdict is pass, fail, or inconclusive: too few requests to tell. "The candidate" is the version that is
tried, "stable" the one that has served until now. All of it is on a local Azure in a folder of its own.
"""


def main() -> int:
    """Deploy five versions to a local Azure of its own, roll each out, print what became of it."""
    console, began = Console(highlight=False, soft_wrap=True), time.monotonic()
    console.print(STORY, markup=False)
    folder = Path(tempfile.mkdtemp(prefix="azml-demo-"))

    def tell(line: str) -> None:
        console.print(f"  {line}", style="dim" if line[:1].isdigit() else None, markup=False)

    try:
        stage = Stage(folder / "clone", tell=tell)
        console.print("deploying them (half a minute) ...")
        stage.up()
        load, ended = stage.load(), []
        for act in ACTS:
            console.print(f"\n[bold]{(act.__doc__ or '').strip()}[/bold]")
            ended.append(act(stage, load))
        stage.clone.run("emulator", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print()
    console.print(table(ended))
    console.print(
        f"{load.answers.total():,} requests of users, {load.failed} without an answer; "
        f"{time.monotonic() - began:.0f} s. Your own plan: docs/rollouts.md"
    )
    as_wanted = [one.code for one in ended] == list(ACTS.values())
    return 0 if as_wanted and not load.failed else 1


def table(ended: list[journey.Ended]) -> Table:
    """One line for each version."""
    shown = Table(box=None, header_style="dim")
    for title in ("the version", "ended", "users' requests", "unanswered", "seconds"):
        shown.add_column(title, justify="left" if title in ("the version", "ended") else "right")
    for one in ended:
        outcome = "succeeded" if one.code == 0 else ExitCode(one.code).name.lower().replace("_", " ")
        shown.add_row(one.title, outcome, f"{one.sent:,}", str(one.failed), f"{one.seconds:.0f}")
    return shown


if __name__ == "__main__":
    sys.exit(main())
