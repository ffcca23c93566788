"""Machine learning models on Azure ML online endpoints, as one Pulumi program."""

from pathlib import Path

import pulumi

from azml import components, program
from azml.azure_native import lean_sdk
from azml.findings import InvalidInput
from azml.stack.account import account
from azml.stack.checks.live_state import read_live_state
from azml.stack.config.settings import read_settings
from azml.stack.loading import beside
from azml.stack.policy_tags import leave_to_policies

lean_sdk.install()
try:
    settings = read_settings(Path(__file__).parent)
    # The engine starts the plugins meanwhile.
    with beside(components.load):
        plugin = components.Plugin()
        own = account()
        live_state = read_live_state(settings, own, plugin)
except InvalidInput as invalid:
    # A fault in a user's files is not a bug in the program: print the findings, not a traceback.
    raise pulumi.RunError(str(invalid)) from None

program.refuse_live_changes(settings, own, live_state, plugin)
leave_to_policies(settings.policy_tags)
ours = pulumi.ResourceOptions(providers=[plugin])
program.tell_rollouts(settings, own, live_state)
program.tell_one_way_changes(settings, own, live_state)
program.tell_quota(settings, own, live_state)
program.tell_open_endpoints(settings)
workspace = components.Workspace(
    settings.workspace.name, program.workspace_args(settings, own, live_state), ours
)
assets = components.Assets(workspace.name, program.assets_args(settings, workspace), ours)
identities = program.identities(settings, workspace, ours)
endpoints = {
    served.spec.name: components.Endpoint(
        served.spec.name, program.endpoint_args(served, assets, identities), ours
    )
    for served in settings.endpoints
}
action_groups = program.receivers(settings, workspace, ours)
for served in settings.endpoints:
    program.watch(served, endpoints[served.spec.name], action_groups, ours)

pulumi.export("workspace", workspace.name)
pulumi.export("endpoints", {name: endpoint.outputs for name, endpoint in endpoints.items()})
pulumi.export("studio_url", settings.studio_url or workspace.studio_page)
