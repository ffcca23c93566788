"""A workspace, an endpoint, its slots and their shares, as the stack's configuration says."""

import json

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import resources, storage

config = pulumi.Config("test")
slots: dict[str, str] = config.require_object("slots")  # slot -> model
group = resources.ResourceGroup("group", resource_group_name="rg")
workspace = ml.Workspace(
    "workspace", workspace_name=config.get("workspace") or "mlw", resource_group_name=group.name
)
endpoint = ml.OnlineEndpoint(
    "endpoint",
    endpoint_name="diabetes",
    tags={"team": config.get("team") or "a"},
    properties=ml.OnlineEndpointPropertiesArgs(
        auth_mode="Key",
        description=config.get("description") or "first",
        properties={"note": config.get_secret("note") or "none"},
    ),
    resource_group_name=group.name,
    workspace_name=workspace.name,
    opts=pulumi.ResourceOptions(ignore_changes=["properties.traffic", "properties.mirrorTraffic"]),
)
digests = {
    name: {"digest": model, "files": json.dumps({"code/score.py": model})} for name, model in slots.items()
}
settings = pulumi.Config("azure-native")
identity = {
    **{name: settings.get(name) for name in ("metadataHost", "subscriptionId", "tenantId", "clientId")},
    "clientSecret": settings.get_secret("clientSecret"),
}
given = {name: value for name, value in identity.items() if value is not None}
provider = pulumi.ProviderResource("azml", "azml", given) if given else None
guard = pulumi.CustomResource(
    "azml:index:LiveSlots",
    "guard",
    {"endpointId": endpoint.id, "serves": digests, "allow": config.get_bool("allow") or False},
    pulumi.ResourceOptions(provider=provider),
)
deployments = [
    ml.OnlineDeployment(
        name,
        deployment_name=name,
        endpoint_name=endpoint.name,
        tags={"azml-serves": model},
        sku=ml.SkuArgs(name="Default", capacity=1),
        properties=ml.ManagedOnlineDeploymentArgs(
            endpoint_compute_type="Managed", model=model, instance_type="Standard_DS2_v2"
        ),
        resource_group_name=group.name,
        workspace_name=workspace.name,
        opts=pulumi.ResourceOptions(depends_on=[guard]),
    )
    for name, model in slots.items()
]
traffic = pulumi.CustomResource(
    "azml:index:EndpointTraffic",
    "traffic",
    {
        "endpointId": endpoint.id,
        "traffic": config.get_object("traffic"),
        "mirrorTraffic": config.get_object("mirror"),
        "deployments": list(slots),
        "endpointDigest": f"{config.get('team')}-{config.get('description')}",
    },
    pulumi.ResourceOptions(depends_on=deployments, provider=provider),
)
if config.get_bool("blob"):
    account = storage.StorageAccount(
        "account",
        account_name="stazml",
        kind="StorageV2",
        sku=storage.SkuArgs(name="Standard_LRS"),
        resource_group_name=group.name,
    )
    container = storage.BlobContainer(
        "container", container_name="models", account_name=account.name, resource_group_name=group.name
    )
    sources: dict[str, pulumi.Asset | pulumi.Archive] = {
        "file.txt": pulumi.FileAsset("__main__.py"),
        "text.txt": pulumi.StringAsset("hello"),
        "tree.zip": pulumi.AssetArchive({"a.txt": pulumi.StringAsset("a")}),
    }
    for name, source in sources.items():
        storage.Blob(
            name,
            blob_name=name,
            container_name=container.name,
            account_name=account.name,
            resource_group_name=group.name,
            source=source,
        )
if config.get("unknown"):
    pulumi.CustomResource("azure-native:compute:VirtualMachine", "vm", {})
pulumi.export("scoring", endpoint.properties.apply(lambda properties: properties.scoring_uri))
pulumi.export(
    "keys",
    pulumi.Output.secret(
        ml.list_online_endpoint_keys_output(
            endpoint_name=endpoint.name, resource_group_name=group.name, workspace_name=workspace.name
        ).primary_key
    ),
)
