"""Output for the user: colour and a live clock on a terminal, plain lines anywhere else."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.status import Status

SPEAK_AFTER = 1.5
"""Seconds between two lines of a step without a live clock; a shorter step prints only its last line."""
REPEAT_AFTER = 10.0
"""Seconds after which a step without a live clock repeats its last line."""


def out() -> Console:
    """The console for a command's results. Created on use, so that a redirected stdout is honoured."""
    # In a file or a pipe, tables need not be cut to a width.
    width = None if sys.stdout.isatty() else 200
    return Console(file=sys.stdout, soft_wrap=True, highlight=False, emoji=False, width=width)


def err() -> Console:
    """The console for everything else: progress, warnings, failures. Never mixed into results."""
    # No emoji codes: `:car:` in a reference such as azureml:car:1 would become a picture.
    return Console(file=sys.stderr, soft_wrap=True, highlight=False, emoji=False)


def machine(document: object) -> None:
    """Print JSON without colour, whatever FORCE_COLOR and the like say."""
    print(json.dumps(document, indent=2), flush=True)


@dataclass
class Step:
    """One piece of work that the user waits for."""

    title: str
    console: Console
    status: Status | None
    started: float = field(default_factory=time.monotonic)
    result: str = ""
    _said: float = field(default_factory=time.monotonic)
    _last: str = ""

    def say(self, what: str) -> None:
        """Show the current progress. May be called often: repetitions are left out."""
        if self.status is not None:
            self.status.update(f"{escape(self.title)} [dim]{escape(what)} ({self._elapsed()})[/dim]")
            return
        now = time.monotonic()
        if now - self._said > (SPEAK_AFTER if what != self._last else REPEAT_AFTER):
            self.console.print(f"  {escape(self.title)}: {escape(what)} ({self._elapsed()})")
            self._said, self._last = now, what

    def done(self, result: str) -> None:
        """Set the result, shown on the step's closing line."""
        self.result = result

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self.started:.0f} s"

    def close(self, mark: str) -> None:
        """Print the closing line."""
        took = time.monotonic() - self.started
        tail = f" [dim]({took:.1f} s)[/dim]" if took >= 1 else ""
        body = f"{escape(self.title)}: {escape(self.result)}" if self.result else escape(self.title)
        self.console.print(f"{mark} {body}{tail}")


@contextmanager
def step(title: str, *, live: bool = True) -> Iterator[Step]:
    """Show `title` while the block runs, and one closing line when it ends, whether or not it succeeds.

    Without `live` the block has the terminal to itself.
    """
    console = err()
    status = console.status(escape(title)) if live and console.is_terminal else None
    current = Step(title, console, status)
    if status is not None:
        status.start()
    try:
        yield current
    except BaseException:
        if status is not None:
            status.stop()
        current.close("[red]x[/red]")
        raise
    if status is not None:
        status.stop()
    current.close("[green]*[/green]")
