"""What is shown while a rollout goes on: one tree on a terminal, else a line for each event, or JSON."""

import json
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.markup import escape

from azml.cli import terminal
from azml.cli.rollouts import view
from azml.cli.rollouts.session import Session
from azml.rollout.deciding.events import Event
from azml.rollout.driving.driver import Turn
from azml.rollout.journals import journal


class Screen:
    """Shows events as they come, those from `after` on. Looks that change no verdict make no line."""

    def __init__(self, session: Session, *, as_json: bool, after: float = 0.0) -> None:
        self._after = after
        self._session = session
        self._as_json = as_json
        self._console = terminal.err()
        self._live = Live(console=self._console, auto_refresh=False) if self._on_terminal else None
        self._said: tuple[str, ...] = ()
        self._trouble = ""

    @property
    def _on_terminal(self) -> bool:
        return self._console.is_terminal and not self._as_json

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def tell(self, event: Event) -> None:
        """Show an event."""
        if event.entry.at < self._after:
            return
        if self._as_json:
            print(json.dumps(view.event_of(event)), flush=True)
        elif self._live is None and self._is_news(event):
            self._console.print(escape(view.line(event)))

    def turned(self, turn: Turn) -> None:
        """Show what stands in the way, once; on a terminal, all of it."""
        if turn.trouble and turn.trouble != self._trouble and not self._as_json:
            self._console.print(f"[dim]{escape(turn.trouble)}[/dim]")
        self._trouble = turn.trouble
        self.redraw()

    def redraw(self) -> None:
        """Draw the tree anew, from the journal."""
        if self._live and (kept := self._session.latest()):
            self._live.update(view.tree(kept.document, kept.state, kept.saved.now), refresh=True)

    def _is_news(self, event: Event) -> bool:
        if not isinstance(event.entry, journal.Looked):
            self._said = ()
            return True
        said, self._said = self._said, tuple(f"{one.name} {one.verdict}" for one in event.judgements)
        return said != self._said
