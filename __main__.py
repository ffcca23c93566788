"""Machine learning models on Azure ML online endpoints, as one Pulumi program."""

from pathlib import Path

import pulumi

from azml.findings import InvalidInput
from components.assets import Assets
from components.endpoint import Endpoint
from components.settings import read_settings
from components.workspace import Workspace

try:
    settings = read_settings(Path(__file__).parent)
except InvalidInput as invalid:
    # What is wrong with a user's files is no fault of the program: lines to act on, not a traceback.
    raise pulumi.RunError(str(invalid)) from None

workspace = Workspace(settings.workspace, protect=settings.protect, tags=settings.tags)
assets = Assets(workspace)
endpoints = {served.spec.name: Endpoint(served, workspace, assets) for served in settings.endpoints}

pulumi.export("workspace", workspace.name)
pulumi.export("endpoints", {name: endpoint.outputs for name, endpoint in endpoints.items()})
pulumi.export("studio_url", settings.studio_url or workspace.studio_page)
