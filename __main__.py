"""Machine learning models on Azure ML online endpoints, as one Pulumi program."""

from pathlib import Path

import pulumi

from azml.findings import InvalidInput
from components.account import account
from components.assets import Assets
from components.endpoint import Endpoint
from components.guard import require_unchanged
from components.loading import sdk_loading
from components.plugin import Plugin
from components.settings import read_settings
from components.versions import registered
from components.workspace import Workspace

try:
    settings = read_settings(Path(__file__).parent)
except InvalidInput as invalid:
    # What is wrong with a user's files is no fault of the program: lines to act on, not a traceback.
    raise pulumi.RunError(str(invalid)) from None

# The engine starts the plugins meanwhile.
with sdk_loading():
    plugin = Plugin()
    bundles = [slot.bundle for served in settings.endpoints for slot in served.slots]
    workspace_id = account().workspace_id(settings.workspace.resource_group, settings.workspace.name)
    require_unchanged(settings.endpoints, workspace_id, plugin)
    held = registered(workspace_id, bundles, plugin)

ours = pulumi.ResourceOptions(providers=[plugin])
workspace = Workspace(settings.workspace, protect=settings.protect, tags=settings.tags)
assets = Assets(workspace, held, ours)
endpoints = {served.spec.name: Endpoint(served, workspace, assets, ours) for served in settings.endpoints}

pulumi.export("workspace", workspace.name)
pulumi.export("endpoints", {name: endpoint.outputs for name, endpoint in endpoints.items()})
pulumi.export("studio_url", settings.studio_url or workspace.studio_page)
