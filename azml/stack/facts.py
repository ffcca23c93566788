"""What Azure reports about existing resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from azml.server_owned import RETRY_TAG


@dataclass(frozen=True)
class Fact:
    """The current state of a resource: properties as Azure names them, `users` the ids of its identities.

    `retry` is the value for the tag that has it written again after a failure; None for no tag.
    """

    location: str
    state: str
    identity: str
    users: tuple[str, ...]
    properties: Mapping[str, object]
    retry: str | None = None

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
class LiveState:
    """What Azure reports: facts by ARM id of what exists, and names that deleted resources reserve (`reserved`).

    `registered` are the ids of versions that the workspace has; `refused` gives the reasons why live slots
    must not change, by the ARM id of their endpoint; `rollouts` has how an unfinished rollout stands.
    `lacking` are the roles that identities were asked for and do not have, with the ARM id of the resource at
    which each is needed.
    """

    found: Mapping[str, Fact] = field(default_factory=dict)
    reserved: tuple[ReservedName, ...] = ()
    registered: frozenset[str] = frozenset()
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rollouts: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[LackedRole, str] = field(default_factory=dict)

    def retry_tags(self, resource_id: str) -> dict[str, str]:
        """The tag that has a failed resource written again, because it is an input that changes.

        azure-native takes a failed resource for created: after a refresh nothing else would update it.
        """
        fact = self.found.get(resource_id)
        return {RETRY_TAG: fact.retry} if fact and fact.retry else {}
