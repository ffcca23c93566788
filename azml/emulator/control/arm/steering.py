"""States that a test controls: operations that take time or fail, states on demand, reads that lag.

Nothing here waits. A held state ends with a read, when the clock is moved, or by a timer of the event loop.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.store import Record

End = Literal["Succeeded", "Failed", "Canceled"]


@dataclass(frozen=True)
class Span:
    """How long something lasts: a number of reads that see it, or a number of seconds.

    With both, whichever ends first; with neither it ends at once.
    """

    reads: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Selector:
    """The next `times` requests of a method (`*` for any write) whose resource id matches."""

    method: str
    path: re.Pattern[str]
    times: int = 1

    def matches(self, method: str, id_text: str) -> bool:
        """Whether a request matches."""
        return self.method in ("*", method) and self.path.search(id_text) is not None


@dataclass(frozen=True)
class Course:
    """How an operation proceeds: the `state` shown meanwhile (None: the usual one), and how it `ends`."""

    which: Selector
    span: Span
    state: str | None = None
    ends: End = "Succeeded"
    code: str = ""
    message: str = ""

    def error(self) -> ArmError | None:
        """The error of the operation; None when it is to succeed."""
        return None if self.ends == "Succeeded" else ArmError(400, self.code, self.message)


@dataclass(frozen=True)
class Lag:
    """Reads of a resource return the state before the write."""

    which: Selector
    span: Span


@dataclass
class Until:
    """A span that has begun."""

    span: Span
    clock: Clock
    began: float = field(init=False)
    seen: int = 0

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def over(self) -> bool:
        """Whether it has ended."""
        reads, seconds = self.span.reads, self.span.seconds
        ends = [seconds is not None and self.left() <= 0, reads is not None and self.seen >= reads]
        return any(ends) or (reads is None and seconds is None)

    def left(self) -> float:
        """Seconds to its end, by the clock."""
        return self.began + (self.span.seconds or 0.0) - self.clock.now()


@dataclass
class _Held:
    key: str
    until: Until
    release: Callable[[], None] | None = None
    timer: asyncio.TimerHandle | None = None


class Steering:
    """Everything that was asked for and has not ended. Keys are resource ids in lower case."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self._courses: list[tuple[Course, int]] = []
        self._lags: list[tuple[Lag, int]] = []
        self._held: dict[str, _Held] = {}
        self._before: dict[str, tuple[Record | None, Until]] = {}

    def add(self, wish: Course | Lag) -> None:
        """Control the next matching operations, or have the next matching writes read late."""
        if isinstance(wish, Course):
            self._courses.append((wish, wish.which.times))
        else:
            self._lags.append((wish, wish.which.times))

    def clear(self) -> None:
        """Remove all that was asked for, and release everything that is held."""
        self._courses.clear()
        self._lags.clear()
        self._before.clear()
        for held in list(self._held.values()):
            self._let_go(held)

    def advance(self, seconds: float) -> None:
        """Move the clock, and release what ends by that."""
        self.clock.advance(seconds)
        for held in list(self._held.values()):
            self._look(held)

    def course(self, method: str, id_text: str) -> Course | None:
        """How an operation that begins now proceeds; whatever an earlier one still held is dropped."""
        self.drop(id_text.lower())
        found = _take(self._courses, method, id_text)
        if found:
            self._hold(id_text.lower(), found.span)
        return found

    def drop(self, key: str) -> None:
        """Stop holding a resource, without calling its release."""
        if dropped := self._held.pop(key, None):
            _stop(dropped)

    def expects(self, method: str, id_text: str) -> bool:
        """Whether an operation that begins now would be steered."""
        return any(course.which.matches(method, id_text) for course, _ in self._courses)

    def when_over(self, key: str, release: Callable[[], None]) -> None:
        """Call `release` once nothing holds the resource any more, possibly at once."""
        held = self._held.get(key)
        if held is None:
            release()
            return
        held.release = release
        self._look(held)

    def show(self, key: str, span: Span, release: Callable[[], None]) -> None:
        """Hold a resource for a while; `release` ends it."""
        self._let_go_of(key)
        self._hold(key, span)
        self.when_over(key, release)

    def read(self, key: str) -> None:
        """Count a read of a resource or of its operation."""
        if held := self._held.get(key):
            self._look(held)
            held.until.seen += 1

    def lag(self, method: str, id_text: str, before: Record | None) -> None:
        """A write happens now: if it is to be read late, reads get `before` for a while (None: missing)."""
        if found := _take(self._lags, method, id_text):
            self._before[id_text.lower()] = (before, Until(found.span, self.clock))

    def late(self, key: str) -> tuple[bool, Record | None]:
        """Whether a read of a resource still gets the state before a write, and that state."""
        before, until = self._before.get(key, (None, None))
        if until is None or until.over():
            self._before.pop(key, None)
            return False, None
        until.seen += 1
        return True, before

    def late_under(self, scope: str, kind: str) -> dict[str, Record | None]:
        """What `late` says of each resource of a type under a scope that is still read late."""
        low = scope.lower().rstrip("/") + "/"
        keys = [key for key in self._before if key.startswith(low) and resource_id(key).kind == kind]
        looked = {key: self.late(key) for key in keys}
        return {key: before for key, (is_late, before) in looked.items() if is_late}

    def _hold(self, key: str, span: Span) -> None:
        held = self._held[key] = _Held(key, Until(span, self.clock))
        if span.seconds:
            held.timer = asyncio.get_running_loop().call_later(span.seconds, self._look, held)

    def _look(self, held: _Held) -> None:
        if held.release and held.until.over():
            self._let_go(held)

    def _let_go_of(self, key: str) -> None:
        if held := self._held.get(key):
            self._let_go(held)

    def _let_go(self, held: _Held) -> None:
        _stop(held)
        if self._held.get(held.key) is held:
            del self._held[held.key]
        if held.release:
            held.release()


_Wish = TypeVar("_Wish", Course, Lag)


def _take(wishes: list[tuple[_Wish, int]], method: str, id_text: str) -> _Wish | None:
    for place, (wish, left) in enumerate(wishes):
        if wish.which.matches(method, id_text):
            wishes[place : place + 1] = [(wish, left - 1)] if left > 1 else []
            return wish
    return None


def _stop(held: _Held) -> None:
    if held.timer:
        held.timer.cancel()
