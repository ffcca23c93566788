"""The part of Azure Policy that is modelled here: definitions with the effect "modify" that add tags.

https://learn.microsoft.com/azure/governance/policy/concepts/effect-modify: the effect changes a request
before the resource provider sees it, and a remediation task applies it to existing resources.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.arm.ids import RESOURCE_GROUPS, ResourceId
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import BUSY, ResourceStore
from azml.emulator.control.arm.types import Types


@dataclass(frozen=True)
class TagPolicy:
    """Tags that each resource with a matching id gets, unless it already has tags of these names."""

    tags: Mapping[str, str]
    path: re.Pattern[str]


class TagPolicies:
    """The policies in force."""

    def __init__(self, store: ResourceStore, types: Types) -> None:
        self._store = store
        self._types = types
        self._policies: list[TagPolicy] = []

    def add(self, policy: TagPolicy) -> None:
        """Put a policy into force and remediate; busy resources get the tags with their next write."""
        self._policies.append(policy)
        for record in self._store.family(f"/subscriptions/{SUBSCRIPTION}"):
            body = self.modified(record.id, record.body)
            if body != record.body and record.state not in BUSY:
                self._store.put(record.with_body(body))

    def clear(self) -> None:
        """Remove all policies; the tags stay."""
        self._policies.clear()

    def modified(self, named: ResourceId, body: Json) -> Json:
        """A body after the policies. Only resource groups and resources with a location have tags."""
        tagged = named.kind == RESOURCE_GROUPS or self._types.get(named.kind).located
        found = [policy for policy in self._policies if tagged and policy.path.search(named.text)]
        if not found:
            return body
        added = {name: value for policy in found for name, value in policy.tags.items()}
        return {**body, "tags": {**added, **section(body, "tags")}}
