"""What Azure has told of what is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from azml.server_owned import RETRY_TAG


@dataclass(frozen=True)
class Fact:
    """A resource as it stands: properties as Azure names them, `users` the ids of its assigned identities.

    `retry` is what the tag is to say that has it written again after a failure; None for no tag.
    """

    location: str
    state: str
    identity: str
    users: tuple[str, ...]
    properties: Mapping[str, object]
    retry: str | None = None

    def text(self, name: str) -> str:
        """A property that is a text; empty when it is not there."""
        return str(self.properties.get(name) or "")


@dataclass(frozen=True)
class Held:
    """A name that a deleted resource holds until `until`; no purge helps where it is `protected`."""

    id: str
    until: str
    location: str
    protected: bool


@dataclass(frozen=True)
class Standing:
    """What was told: facts by ARM id of what exists, and the names that are `held`.

    `registered` are the ids of versions that the workspace holds; `refused` says why live slots must not
    change, by the ARM id of their endpoint.
    """

    found: Mapping[str, Fact] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    registered: frozenset[str] = frozenset()
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def retry_tags(self, resource_id: str) -> dict[str, str]:
        """The tag that has a failed resource written again, as an input that has changed since.

        azure-native takes a failed resource for made: after a refresh nothing else would touch it again.
        """
        fact = self.found.get(resource_id)
        return {RETRY_TAG: fact.retry} if fact and fact.retry else {}
