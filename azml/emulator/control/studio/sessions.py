"""Who may use the page. A one-time code is exchanged for a cookie and a page token; a request needs both.

Cookies do not depend on the port: other servers on loopback can receive and set them. The page token stays in
the storage of this origin, and no other page can add it to a request.
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
"""Unused codes at once; the oldest is dropped first."""


@dataclass(frozen=True)
class Session:
    """A browser's session: a cookie that scripts cannot read, and a token for the page's own scripts."""

    cookie: str
    page_token: str


class Sessions:
    """One-time codes, in memory. Sessions are signed tokens, so that a restart signs nobody out."""

    def __init__(self, identity: Identity, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(identity.signing_key.encode(), b"studio", hashlib.sha256).hexdigest()
        self._clock = clock
        self._codes: dict[str, float] = {}
        self._ended: set[str] = set()

    def issue_code(self) -> str:
        """A code for one sign-in, valid for half an hour."""
        while len(self._codes) >= CODE_LIMIT:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[code] = self._clock() + CODE_SECONDS
        return code

    def redeem(self, code: str) -> Session | None:
        """The session for a code; None when the code is unknown, used or too old."""
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
        """Whether the two belong to the same session, and it has not ended."""
        belong = hmac.compare_digest(self._page_token(cookie).encode(), page_token.encode())
        return belong and cookie not in self._ended and is_valid(cookie, self._key)

    def end(self, cookie: str) -> None:
        """End a session. Only its own browser requests that, so few are kept; a restart forgets them,
        but the browser has deleted its own."""
        self._ended.add(cookie)

    def _page_token(self, cookie: str) -> str:
        return hmac.new(self._key.encode(), b"page:" + cookie.encode(), hashlib.sha256).hexdigest()
