"""What Azure reports about existing resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from azml.azure.quotas import Limit, Size
from azml.server_owned import RETRY_TAG


@dataclass(frozen=True)
class Fact:
    """The current state of a resource: properties as Azure names them, `users` the ids of its identities.

    `retry` is the value for the tag that has it written again after a failure; None for no tag. `capacity` is
    how many instances a deployment has; None for what has none.
    """

    location: str
    state: str
    identity: str
    users: tuple[str, ...]
    properties: Mapping[str, object]
    retry: str | None = None
    capacity: int | None = None

    def text(self, name: str) -> str:
        """A text property; empty when it is missing."""
        return str(self.properties.get(name) or "")


@dataclass(frozen=True)
class ReservedName:
    """A name that a deleted resource reserves until `until`; a `protected` one cannot be purged."""

    id: str
    until: str
    location: str
    protected: bool


@dataclass(frozen=True)
class LackedRole:
    """A role that the identity does not have, at the resource that was asked about."""

    identity: str
    role: str
    scope: str
    through: str | None = None


@dataclass(frozen=True)
class Quota:
    """What a region has: sizes by name in lower case, and limits on their vCPUs.

    `unread` is why Azure said nothing about it; empty where it did.
    """

    location: str
    sizes: Mapping[str, Size]
    limits: tuple[Limit, ...]
    unread: str = ""


@dataclass(frozen=True)
class LiveState:
    """What Azure reports: facts by ARM id of what exists, and the names that deleted resources reserve.

    `registered` are the ids of versions that the workspace has; `refused` gives the reasons why live slots
    must not change, by the ARM id of their endpoint; `rollouts` has how an unfinished rollout stands.
    `lacking` are the roles that identities were asked for and do not have, with the ARM id of the resource at
    which each is needed. `quota` is None where nothing needs more of it than before.
    """

    found: Mapping[str, Fact] = field(default_factory=dict)
    reserved: tuple[ReservedName, ...] = ()
    registered: frozenset[str] = frozenset()
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rollouts: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[LackedRole, str] = field(default_factory=dict)
    quota: Quota | None = None

    def retry_tags(self, resource_id: str) -> dict[str, str]:
        """The tag that has a failed resource written again, because it is an input that changes.

        azure-native takes a failed resource for created: after a refresh nothing else would update it.
        """
        fact = self.found.get(resource_id)
        return {RETRY_TAG: fact.retry} if fact and fact.retry else {}
