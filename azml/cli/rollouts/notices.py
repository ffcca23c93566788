"""Sends what a rollout has come to, to webhooks whose addresses are secrets of the stack."""

import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

from azml.azure.http import is_loopback, trust
from azml.cli.failure import CommandError
from azml.cli.stacks.engines import engine_of
from azml.cli.stacks.stacks import Stack
from azml.findings import Finding
from azml.rollout.driving.ports import Notices, Unavailable
from azml.rollout.plan import Notice

SECTION = "rollout"
"""The namespace of the secrets in the stack's configuration: the program's own settings are in `azml`."""
SECONDS = 10.0
"""How long a webhook may take: a rollout goes on without it."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A webhook that moves is not followed: its new address was never checked."""

    def redirect_request(self, *request: Any) -> None:
        return None


class Webhooks(Notices):
    """Posts JSON to webhooks. No address is ever printed, nor part of an error."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._addresses: dict[str, str] = {}

    @override
    def tell(self, webhook: str, text: str) -> None:
        try:
            address = self._address(webhook)
        except CommandError as missing:
            raise Unavailable(missing.message) from missing
        try:
            with _opener(address).open(_request(address, text), timeout=SECONDS):
                return
        except urllib.error.HTTPError as answered:
            answered.close()
            raise Unavailable(f"the webhook {webhook} answered {answered.code}") from None
        except (OSError, ValueError) as failed:
            # The reason of a failure may have the address in it: its kind has not.
            kind = type(getattr(failed, "reason", failed)).__name__
            raise Unavailable(f"the webhook {webhook} cannot be reached ({kind})") from None

    def problems(self, notices: Iterable[Notice]) -> Iterator[Finding]:
        """The webhooks of a plan that have no address, or one that nothing is sent to."""
        for name in dict.fromkeys(notice.webhook for notice in notices):
            try:
                self._address(name)
            except CommandError as missing:
                yield Finding(missing.message, missing.remedy)

    def _address(self, name: str) -> str:
        """The address. Raises CommandError where the stack has none, or one in clear text on a network."""
        if name not in self._addresses:
            remedy = f"pulumi config set --secret {SECTION}:{name} ADDRESS, an https address"
            command = ("config", "get", f"{SECTION}:{name}", "--stack", self._stack.name)
            try:
                printed = engine_of(self._stack).quiet(*command)
            except CommandError:
                missing = f"the stack has no secret {SECTION}:{name} for a webhook"
                raise CommandError(missing, remedy) from None
            if not _sound(printed.strip()):
                raise CommandError(f"{SECTION}:{name} is not an address that notices are sent to", remedy)
            self._addresses[name] = printed.strip()
        return self._addresses[name]


def _request(address: str, text: str) -> urllib.request.Request:
    kind = {"Content-Type": "application/json"}
    return urllib.request.Request(address, text.encode(), kind, method="POST")  # noqa: S310 - see _sound


def _opener(address: str) -> urllib.request.OpenerDirector:
    """By the shell's proxy, which this machine is never reached through."""
    here = [urllib.request.ProxyHandler({})] if is_loopback(address) else []
    https = urllib.request.HTTPSHandler(context=trust())
    return urllib.request.build_opener(https, _NoRedirects(), *here)


def _sound(address: str) -> bool:
    """https, or this machine."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address))
        )
    except ValueError:
        return False
