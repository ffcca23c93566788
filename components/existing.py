"""What Azure has already: asked in one call, before anything is declared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pulumi

from azml.bundling import Bundle, before_numbers
from azml.server_owned import RETRY_TAG

from .plugin import Plugin, asking
from .scoring import ServedEndpoint
from .versions import Local, deployment_id, endpoint_id, kind_of, version_id


@dataclass(frozen=True)
class Existing:
    """What was told: `registered` versions; by id the values of tags RETRY_TAG, and workspaces' GUIDs."""

    registered: frozenset[str] = frozenset()
    retries: Mapping[str, str] = field(default_factory=dict)
    workspace_ids: Mapping[str, str] = field(default_factory=dict)

    def tags(self, resource_id: str) -> dict[str, str]:
        """The tag that has a failed resource written again, as an input that has changed since.

        azure-native takes a failed resource for made: after a refresh nothing else would touch it again.
        """
        retry = self.retries.get(resource_id)
        return {RETRY_TAG: retry} if retry else {}


def find_existing(workspace_id: str, served: Iterable[ServedEndpoint], plugin: Plugin) -> Existing:
    """Which local versions the workspace holds, and which of the stack's own resources have failed.

    Versions were kept from an earlier update, or put there by others: a version is its content.
    """
    endpoints = list(served)
    asked = {
        "versions": sorted(
            _versions(workspace_id, [slot.bundle for each in endpoints for slot in each.slots])
        ),
        "resources": [workspace_id, *_resources(workspace_id, endpoints)],
    }
    options = pulumi.InvokeOptions(provider=plugin)
    with asking():
        answer = pulumi.runtime.invoke("azml:index:existing", asked, options)
    told = answer.value
    return Existing(frozenset(told["registered"]), told["retries"], told["workspaceIds"])


def _versions(workspace_id: str, bundles: Iterable[Bundle]) -> set[str]:
    """The versions in both forms: workspaces hold some from before they were numbers."""
    parts = [part for bundle in bundles for part in (bundle.model, bundle.code, bundle.environment)]
    local = [part for part in parts if isinstance(part, Local)]
    both = [each for part in local for each in (part, before_numbers(part)) if each]
    return {version_id(workspace_id, part, kind_of(part)) for part in both}


def _resources(workspace_id: str, served: Iterable[ServedEndpoint]) -> Iterable[str]:
    for each in served:
        endpoint = endpoint_id(workspace_id, each.spec.name)
        yield endpoint
        yield from (deployment_id(endpoint, slot.name) for slot in each.slots)
