"""Addresses of Azure Resource Manager that do not belong to a resource: methods and patterns."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.scopes import check_scope

_PART = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Question:
    """A request that matches a page's pattern: the parts of its path by name, its query and its body."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Json


Answering = Callable[[Question], Awaitable[Answer]]


@dataclass(frozen=True)
class Page:
    """One operation. `path` has its parts in braces, such as `/subscriptions/{subscription}/providers/...`.

    A part called `id` matches any number of segments: a whole resource id.
    """

    method: str
    path: str
    answer: Answering

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The parts of a request's path; None when it is for another page."""
        if method != self.method:
            return None
        found = _compiled(self.path).fullmatch(path.rstrip("/"))
        return found.groupdict() if found else None


class Pages:
    """The pages, found by method and path without regard to case."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages = tuple(pages)

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)

    async def answer(self, method: str, path: str, query: Mapping[str, str], body: Json) -> Answer | None:
        """The answer to a request; None when no page matches. Raises ArmError."""
        for page in self._pages:
            if (parts := page.match(method, path)) is not None:
                check_scope(path)
                return await page.answer(Question(parts, query, body))
        return None


@cache
def _compiled(path: str) -> re.Pattern[str]:
    def group(found: re.Match[str]) -> str:
        return rf"(?P<{found[1]}>{'/.+' if found[1] == 'id' else '[^/]+'})"

    escaped = "".join(
        piece if place % 2 else re.escape(piece) for place, piece in enumerate(re.split(r"(\{\w+\})", path))
    )
    return re.compile(_PART.sub(group, escaped), re.IGNORECASE | re.DOTALL)
