"""Machine learning models on Azure ML online endpoints, as one Pulumi program."""

from pathlib import Path

import pulumi

from azml.findings import InvalidInput
from components.account import account
from components.assets import Assets
from components.endpoint import Endpoint
from components.existing import find_existing
from components.guard import require_unchanged
from components.loading import sdk_loading
from components.plugin import Plugin
from components.policy_tags import leave_to_policies
from components.settings import read_settings
from components.standing import look
from components.workspace import Workspace

try:
    settings = read_settings(Path(__file__).parent)
    # The engine starts the plugins meanwhile.
    with sdk_loading():
        plugin = Plugin()
        standing = look(settings, account(), plugin)
        workspace_id = account().workspace_id(settings.workspace.resource_group, settings.workspace.name)
        require_unchanged(settings.endpoints, workspace_id, plugin)
        existing = find_existing(workspace_id, settings.endpoints, plugin)
except InvalidInput as invalid:
    # What is wrong with a user's files is no fault of the program: lines to act on, not a traceback.
    raise pulumi.RunError(str(invalid)) from None

leave_to_policies(settings.policy_tags)
ours = pulumi.ResourceOptions(providers=[plugin])
workspace = Workspace(
    settings.workspace, existing, standing, protect=settings.protect, tags=settings.tags, opts=ours
)
assets = Assets(workspace, existing.registered, ours)
endpoints = {
    served.spec.name: Endpoint(served, workspace, assets, existing, ours) for served in settings.endpoints
}

pulumi.export("workspace", workspace.name)
pulumi.export("endpoints", {name: endpoint.outputs for name, endpoint in endpoints.items()})
pulumi.export("studio_url", settings.studio_url or workspace.studio_page)
