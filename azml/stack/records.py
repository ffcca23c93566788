"""The settings as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass

from azml.findings import Place
from azml.stack.notify import NOBODY, Receivers
from azml.stack.scoring import ServedEndpoint
from azml.stack.target import Target

NOWHERE = Place(None, None, None)


@dataclass(frozen=True)
class Support:
    """A resource the workspace depends on: its name (None: we choose one), and whether it exists already.

    `resource_group` is the group of an existing one, None for the workspace's own; `place` is its position in
    the settings.
    """

    name: str | None = None
    existing: bool = False
    resource_group: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True)
class WorkspaceSettings:
    """The workspace. `existing` means that it is used unchanged, with the resources it depends on.

    Without `shared_keys` its storage accepts only identities with a role (a preview feature of Azure).
    `purge` frees its name and its vault's when the stack is destroyed. `place` is the position of the
    workspace's name in the settings, `group_place` that of its resource group.
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
    """All settings of the program. `protect` keeps the engine from deleting what has users or data.

    `policy_tags` are names of tags that an Azure policy sets. `studio_url` is the web page of the endpoints;
    None for Azure ML studio. `notify` are those who are told of alerts.
    """

    target: Target
    workspace: WorkspaceSettings
    endpoints: tuple[ServedEndpoint, ...]
    protect: bool
    tags: Mapping[str, str]
    policy_tags: tuple[str, ...] = ()
    studio_url: str | None = None
    notify: Receivers = NOBODY
