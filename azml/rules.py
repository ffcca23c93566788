"""Azure's rules for names, shares and limits, so that faults show at preview instead of during an update.

Sources: Azure Resource Manager's "Naming rules and restrictions for Azure resources", and the limits page of
Azure Machine Learning online endpoints.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

MOST_DEPLOYMENTS = 20
"""The most deployments an endpoint may have."""
MOST_INSTANCES = 50
"""The most instances a deployment may have."""
MOST_PERCENT = 100
"""The most percent one share of the live traffic may have."""
SUMS = (0, MOST_PERCENT)
"""The allowed sums of an endpoint's shares, in percent: 0 for an endpoint without traffic."""
MIRROR_LIMIT = 50
"""The most percent of requests that may be mirrored, to one deployment without a live share."""


def region_key(location: str) -> str:
    """A region in one form: Azure takes `West Europe` for `westeurope`."""
    return location.replace(" ", "").lower()


def arm_ids(below: str) -> re.Pattern[str]:
    """Matches ARM ids of what is in a resource group, of any case: `below` is the pattern after the group."""
    return re.compile(rf"/subscriptions/[^/]+/resourceGroups/[^/]+{below}", re.IGNORECASE)


@dataclass(frozen=True)
class ShareProblem:
    """One reason why Azure refuses shares: of the deployment `name`, or of all of them where that is None."""

    kind: Literal["traffic", "mirror_traffic"]
    name: str | None
    message: str
    remedy: str

    @property
    def key(self) -> str:
        """Where it is in a file: `traffic` or `mirror_traffic.green`."""
        return self.kind if self.name is None else f"{self.kind}.{self.name}"


@dataclass(frozen=True)
class NameRule:
    """The names Azure accepts for one resource type: a pattern, and the same in words."""

    pattern: re.Pattern[str]
    words: str

    def accepts(self, name: str) -> bool:
        """Whether Azure accepts `name`."""
        return self.pattern.fullmatch(name) is not None


RESOURCE_GROUP = NameRule(
    re.compile(r"[-\w.()]{0,89}[-\w()]"),
    "1 to 90 letters, digits, underscores, parentheses, dashes and dots, no dot at the end",
)
WORKSPACE = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}"), "3 to 33 letters, digits, dashes and underscores"
)
STORAGE_ACCOUNT = NameRule(re.compile(r"[a-z0-9]{3,24}"), "3 to 24 lower-case letters and digits")
KEY_VAULT = NameRule(
    re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]"),
    "3 to 24 letters, digits and single dashes, a letter first, no dash at the end",
)
LOG_ANALYTICS = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
    "4 to 63 letters, digits and dashes, no dash at either end",
)
APPLICATION_INSIGHTS = NameRule(
    re.compile(r"[^%&\\?/]{0,259}[^%&\\?/. ]"),
    "1 to 260 characters without % & \\ ? /, no dot or space at the end",
)
CONTAINER_REGISTRY = NameRule(re.compile(r"[A-Za-z0-9]{5,50}"), "5 to 50 letters and digits")
USER_IDENTITY = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}"),
    "3 to 128 letters, digits, dashes and underscores, a letter or digit first",
)
VIRTUAL_NETWORK = NameRule(
    re.compile(r"[A-Za-z0-9]([\w.-]{0,62}\w)?", re.ASCII),
    "1 to 64 letters, digits, underscores, dots and dashes, no dot or dash at either end",
)
COMPUTE = NameRule(
    re.compile(r"[A-Za-z](-?[A-Za-z0-9]){2,31}"),
    "3 to 32 letters, digits and single dashes, a letter first, no dash at the end",
)
RESOURCE = NameRule(
    re.compile(r"(?=.{3,32}\Z)[a-zA-Z](?:-?[a-zA-Z0-9])*"),
    "3 to 32 characters: a letter first, then letters, digits and single dashes, no dash last",
)
"""Online endpoints and deployments, as Azure accepts them."""
ANY_DEPLOYMENT = NameRule(
    re.compile(r"(?=.{3,61}\Z)[a-zA-Z](?:-?[a-zA-Z0-9])*"),
    "3 characters or more, a letter first, then letters, digits and single dashes",
)
"""Any deployment, including those on Kubernetes, whose names may be longer."""
ASSET = NameRule(
    re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}"),
    "1 to 255 letters, digits, dashes, underscores and dots, a letter or digit first",
)
"""Models, code and environments, and their versions."""
# Azure treats `Blue` and `blue` as the same, and azure-ai-ml lowers both; our shares and guard compare case.
ENDPOINT = NameRule(
    re.compile(r"(?!.*--)[a-z][a-z0-9-]{1,30}[a-z0-9]"),
    "3 to 32 lower-case letters, digits and single dashes, a letter first, no dash at the end",
)
DEPLOYMENT = ENDPOINT
# Models, code and environments are named after the endpoint's key in the settings and the slot.
ASSET_PREFIX = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}"),
    "1 to 222 letters, digits, dashes, underscores and dots, a letter or digit first",
)


def share_problems(
    traffic: Mapping[str, int],
    mirror: Mapping[str, int],
    slots: Iterable[str] | None = None,
    kind: str = "managed",
    *,
    all_known: bool = True,
) -> Iterator[ShareProblem]:
    """Every reason why Azure would refuse these shares on an endpoint of `kind` with these deployments.

    `slots` is None where the deployments are not known. Without `all_known` some shares are not known, and
    nothing is said of their sum.
    """
    if slots is not None:
        yield from _unknown("traffic", traffic, slots)
        yield from _unknown("mirror_traffic", mirror, slots)
    yield from _sums(traffic, all_known)
    yield from _mirror(traffic, {name: share for name, share in mirror.items() if share}, kind)


def mirrored_and_live(traffic: Mapping[str, int], mirror: Mapping[str, int]) -> list[str]:
    """The deployments that have a live share and a mirrored one, which Azure allows none."""
    return [name for name, share in mirror.items() if share and traffic.get(name)]


def _unknown(
    key: Literal["traffic", "mirror_traffic"], shares: Mapping[str, int], slots: Iterable[str]
) -> Iterator[ShareProblem]:
    declared = ", ".join(sorted(slots)) or "none"
    for name in shares.keys() - set(slots):
        message = "does not name a deployment of this endpoint"
        yield ShareProblem(key, name, message, f"declared: {declared}")


def _sums(traffic: Mapping[str, int], all_known: bool) -> Iterator[ShareProblem]:
    outside = {name: share for name, share in traffic.items() if not 0 <= share <= MOST_PERCENT}
    for name, share in outside.items():
        yield ShareProblem("traffic", name, f"is {share}", f"a share is between 0 and {MOST_PERCENT} percent")
    total = sum(traffic.values())
    if all_known and not outside and total not in SUMS:
        remedy = f"shares must add up to {MOST_PERCENT}, or to 0 for an endpoint without traffic"
        yield ShareProblem("traffic", None, f"adds up to {total}", remedy)


def _mirror(traffic: Mapping[str, int], mirror: Mapping[str, int], kind: str) -> Iterator[ShareProblem]:
    def problem(name: str | None, message: str, remedy: str) -> ShareProblem:
        return ShareProblem("mirror_traffic", name, message, remedy)

    if mirror and kind == "kubernetes":
        yield problem(None, "is set on a Kubernetes endpoint", "only managed endpoints can mirror")
    if len(mirror) > 1:
        remedy = "only one deployment can be mirrored to at a time"
        yield problem(None, f"names {len(mirror)} deployments", remedy)
    for name, share in mirror.items():
        if not 0 < share <= MIRROR_LIMIT:
            yield problem(name, f"is {share}", f"at most {MIRROR_LIMIT} percent can be mirrored")
    for name in mirrored_and_live(traffic, mirror):
        remedy = "a deployment that answers live traffic cannot be mirrored to: remove it from one"
        yield problem(name, f"has {traffic[name]} % of the live traffic", remedy)
