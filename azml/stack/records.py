"""The settings as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass

from azml.findings import Place
from azml.stack.scoring import ServedEndpoint
from azml.stack.target import Target

NOWHERE = Place(None, None, None)


@dataclass(frozen=True)
class Support:
    """A resource the workspace stands on: its name (None: one of our choosing), and whether it is there.

    `resource_group` is where an existing one lives, None for the workspace's own; `place` is where the
    settings name it.
    """

    name: str | None = None
    existing: bool = False
    resource_group: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True)
class WorkspaceSettings:
    """The workspace. `existing` means it is used as it stands, with everything below it.

    Without `shared_keys` its storage opens to identities with a role alone (a preview of Azure's). `purge`
    frees its name and its vault's when the stack is destroyed. `place` is where the settings name the
    workspace, `group_place` where they name its resource group.
    """

    name: str
    resource_group: str
    existing: bool = False
    existing_resource_group: bool = False
    public_network_access: bool = True
    shared_keys: bool = True
    purge: bool = False
    place: Place = NOWHERE
    group_place: Place = NOWHERE
    storage_account: Support = Support()
    key_vault: Support = Support()
    log_analytics: Support = Support()
    application_insights: Support = Support()


@dataclass(frozen=True)
class Settings:
    """All the program declares from. `protect` keeps the engine from deleting what holds users or data.

    `policy_tags` are names of tags that a policy of Azure's sets. `studio_url` is the page where people look
    at the endpoints; None for the one of Azure ML studio.
    """

    target: Target
    workspace: WorkspaceSettings
    endpoints: tuple[ServedEndpoint, ...]
    protect: bool
    tags: Mapping[str, str]
    policy_tags: tuple[str, ...] = ()
    studio_url: str | None = None
