"""An endpoint and deployments of plain azure-native; of ours only the resource that moves the traffic."""

import json

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.components import EndpointTraffic, EndpointTrafficArgs

config = pulumi.Config("example")
place = {
    "workspace_name": config.require("workspace"),
    "resource_group_name": config.require("resourceGroup"),
}
versions = config.require_object("versions")  # ARM ids of a model, a code and an environment version
shares = config.get_object("traffic") or {"blue": 90, "green": 10}
settings = {"endpoint_name": config.get("name") or "example-plain", "tags": {"team": "example"}}

endpoint = ml.OnlineEndpoint(
    "endpoint",
    **place,
    **settings,
    properties=ml.OnlineEndpointPropertiesArgs(auth_mode="Key"),
    identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
    # The shares are another resource's, and the rest of these Azure writes itself.
    opts=pulumi.ResourceOptions(
        ignore_changes=["properties.traffic", "properties.mirrorTraffic", "properties.properties"]
    ),
)
deployments = [
    ml.OnlineDeployment(
        slot,
        **place,
        endpoint_name=endpoint.name,
        deployment_name=slot,
        sku=ml.SkuArgs(name="Default", capacity=1),
        properties=ml.ManagedOnlineDeploymentArgs(
            endpoint_compute_type="Managed",
            model=versions["model"],
            code_configuration=ml.CodeConfigurationArgs(code_id=versions["code"], scoring_script="score.py"),
            environment_id=versions["environment"],
            instance_type="Standard_D2as_v4",
        ),
        opts=pulumi.ResourceOptions(ignore_changes=["properties.properties"]),
    )
    for slot in shares
]
traffic = EndpointTraffic(
    "traffic",
    EndpointTrafficArgs(
        endpoint_id=endpoint.id,
        traffic=shares,
        deployments=[deployment.name for deployment in deployments],
        # A write of the endpoint takes all shares away, so they are set again when its settings change.
        endpoint_digest=json.dumps(settings, sort_keys=True),
    ),
    pulumi.ResourceOptions(depends_on=deployments),
)

pulumi.export("traffic", traffic.traffic)
