"""A program of a team: an endpoint of ours beside its own resources, all by a provider of its own."""

from dataclasses import replace
from pathlib import Path

import pulumi
import pulumi_azure_native as azure

from azml.bundling import HashCache, bundle
from azml.components import (
    Assets,
    AssetsArgs,
    Endpoint,
    EndpointArgs,
    Plugin,
    Workspace,
    WorkspaceArgs,
)
from azml.specs import load_deployment, load_endpoint
from azml.stack.endpoint.scoring import Slot

here = Path(__file__).parent
config = pulumi.Config("example")
location = config.get("location") or "westeurope"
folder = Path(config.get("folder") or here.parents[1] / "scoring" / "diabetes")
group_name, name = "rg-example-team", config.get("name") or "example-team"

# Both providers are the team's own: whatever is asked or declared below goes through them.
team = azure.Provider("team", azure.ProviderArgs(location=location))
plugin = Plugin("team", {"location": location})
by_team = pulumi.ResourceOptions(provider=team)

group = azure.resources.ResourceGroup("group", resource_group_name=group_name, opts=by_team)
archive = azure.storage.StorageAccount(
    "archive",
    account_name=config.get("archive") or "stexampleteam",
    resource_group_name=group.name,
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    opts=by_team,
)

ours = pulumi.ResourceOptions(providers=[team, plugin], depends_on=[group])
workspace = Workspace(
    "mlw-example-team",
    WorkspaceArgs(
        resource_group_name=group_name,
        existing_resource_group=True,
        tags={"archive": archive.name},
    ),
    ours,
)

spec = load_deployment(folder / "blue.yml", overrides={"name": "blue", "endpoint_name": name})
blue = Slot("blue", spec, bundle(spec, endpoint=name, cache=HashCache(here / ".azml" / "hashes")))
assets = Assets("assets", AssetsArgs(workspace=workspace, bundles=[blue.bundle]), ours)
endpoint = Endpoint(
    name,
    EndpointArgs(
        assets=assets,
        spec=replace(load_endpoint(folder / "endpoint.yml"), name=name),
        slots=[blue],
        traffic={"blue": 100},
        environment_variables={"ARCHIVE": archive.primary_endpoints.blob},
    ),
    ours,
)

pulumi.export("scoring_uri", endpoint.scoring_uri)
pulumi.export("workspace", {"name": workspace.name, "resource_group": group.name})
pulumi.export("versions", {kind: assets.arm_id(part, kind) for kind, part in blue.parts.items()})
