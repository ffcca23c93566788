"""Who may use the page. A code that works once becomes a cookie and a page token; a request needs both.

Cookies know no ports: whatever else listens on loopback can be sent them, and set them. The page token stays
in the storage of this very origin, and no other page can add it to a request.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from azml.emulator.base.identity import Identity, is_valid, sign

CODE_SECONDS = 30 * 60
SESSION_SECONDS = 12 * 60 * 60
CODE_LIMIT = 16
"""Codes that are open at once; the oldest goes first."""


@dataclass(frozen=True)
class Session:
    """What a browser gets: a cookie that scripts cannot read, and a token that only the page's own can."""

    cookie: str
    page_token: str


class Sessions:
    """Codes live in memory, once each. Sessions are signed, so that a restart signs nobody out."""

    def __init__(self, identity: Identity, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(identity.signing_key.encode(), b"studio", hashlib.sha256).hexdigest()
        self._clock = clock
        self._codes: dict[str, float] = {}
        self._ended: set[str] = set()

    def issue_code(self) -> str:
        """A code for one sign-in, good for half an hour."""
        while len(self._codes) >= CODE_LIMIT:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[code] = self._clock() + CODE_SECONDS
        return code

    def redeem(self, code: str) -> Session | None:
        """The session a code opens; None when it never was, was used, or is too old."""
        ends = self._codes.pop(code, 0.0)
        if ends <= self._clock():
            return None
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(18),
            "exp": int(self._clock()) + SESSION_SECONDS,
        }
        cookie = sign(claims, self._key)
        return Session(cookie, self._page_token(cookie))

    def admits(self, cookie: str, page_token: str) -> bool:
        """Whether these two belong together and to a session that has not ended."""
        belong = hmac.compare_digest(self._page_token(cookie).encode(), page_token.encode())
        return belong and cookie not in self._ended and is_valid(cookie, self._key)

    def end(self, cookie: str) -> None:
        """End a session. Only its holder's browser asks for that, so few are kept; a restart forgets them,
        and the browser has forgotten its own."""
        self._ended.add(cookie)

    def _page_token(self, cookie: str) -> str:
        return hmac.new(self._key.encode(), b"page:" + cookie.encode(), hashlib.sha256).hexdigest()
