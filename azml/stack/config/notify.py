"""The setting `notify`: who is told when an alert fires."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from azml.rules import arm_ids
from azml.stack.config.target import Target, is_loopback
from azml.stack.sections.section import Section

SHAPE = "{emails: [team@example.com]}"
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")
_GROUP = arm_ids(r"/providers/Microsoft\.Insights/actionGroups/[^/]+")


@dataclass(frozen=True)
class Receivers:
    """Mail addresses and webhooks, and ids of action groups that exist already.

    Whoever knows a webhook's address may post to it: it is a secret.
    """

    emails: tuple[str, ...] = ()
    webhooks: tuple[str, ...] = ()
    action_groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.emails or self.webhooks or self.action_groups)


NOBODY = Receivers()


def read_notify(stack: Section, target: Target) -> Receivers:
    """Who is told, nobody by default; a webhook on this machine is for the local Azure alone."""
    section = stack.section("notify", SHAPE)
    found = Receivers(
        tuple(section.names("emails")),
        tuple(section.names("webhooks")),
        tuple(section.names("actionGroups")),
    )
    for place, mail in enumerate(found.emails):
        if not _MAIL.fullmatch(mail):
            section.fault(
                f"emails[{place}]", f"{mail!r} is not a mail address", "write it as name@example.com"
            )
    for place, address in enumerate(found.webhooks):
        if wrong := _webhook_problem(address, target):
            section.fault(f"webhooks[{place}]", *wrong)
    for place, group in enumerate(found.action_groups):
        if not _GROUP.fullmatch(group):
            remedy = "write /subscriptions/.../providers/Microsoft.Insights/actionGroups/NAME"
            section.fault(f"actionGroups[{place}]", f"{group!r} is not the id of an action group", remedy)
    section.finish()
    return found


def _webhook_problem(address: str, target: Target) -> tuple[str, str] | None:
    """What is wrong with a webhook, and what would be right. The address is not repeated: it is a secret."""
    parts = _split(address)
    if parts is None or not parts.hostname:
        return "is not an address", "write https://host/path"
    local = is_loopback(address)
    if local and target == "azure":
        return "is on this machine, which Azure cannot reach", "write an address that Azure can reach"
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        return f"is not an https address (it begins with {parts.scheme or 'no scheme'})", "write https://"
    return None


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 else None
    except ValueError:
        return None
