"""A second workspace, and endpoints in it as a team has made them before it knew of Pulumi.

Prints the answer of one as JSON.
"""

import json
import os
from pathlib import Path

import requests
from azure.ai.ml import MLClient, load_online_deployment, load_online_endpoint
from azure.ai.ml.entities import KubernetesCompute, ManagedOnlineEndpoint
from azure.identity import DefaultAzureCredential

FILES = Path("files")
CLUSTER = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"

credential = DefaultAzureCredential()
client = MLClient.from_config(credential)
group = f"/subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}/providers"
stands_on = {
    "storageAccount": f"{group}/Microsoft.Storage/storageAccounts/sdktests",
    "keyVault": f"{group}/Microsoft.KeyVault/vaults/sdktests",
}
token = credential.get_token("https://management.azure.com/.default").token
requests.put(
    f"https://{os.environ['ARM_METADATA_HOSTNAME']}{group}/Microsoft.MachineLearningServices/workspaces/"
    f"{client.workspace_name}?api-version=2025-12-01",
    json={"location": "westeurope", "properties": stands_on},
    headers={"Authorization": f"Bearer {token}"},
    timeout=30,
).raise_for_status()


def made(endpoint: object, *deployments: object) -> None:
    client.online_endpoints.begin_create_or_update(endpoint).result()
    for deployment in deployments:
        client.online_deployments.begin_create_or_update(deployment).result()


text = (FILES / "managed-endpoint.yml").read_text()
reader = f"{group}/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
(FILES / "existing.yml").write_text(text.replace("${{IDENTITY}}", reader))
endpoint = load_online_endpoint(FILES / "existing.yml", params_override=[{"name": "all-said"}])
deployment = load_online_deployment(
    FILES / "managed-deployment.yml", params_override=[{"endpoint_name": "all-said"}, {"instance_count": 1}]
)
made(endpoint, deployment)
endpoint.traffic = {"all-settings": 100}
made(endpoint)

client.compute.begin_create_or_update(
    KubernetesCompute(name="somewhere", namespace="default", resource_id=CLUSTER)
).result()
registered = [{"model": "azureml:weights:3"}, {"environment": "azureml:scoring:1.10"}]
made(
    load_online_endpoint(FILES / "kubernetes-endpoint.yml", params_override=[{"name": "on-cluster"}]),
    load_online_deployment(
        FILES / "kubernetes-deployment.yml", params_override=[{"endpoint_name": "on-cluster"}, *registered]
    ),
)
made(ManagedOnlineEndpoint(name="without-any"))

answer = client.online_endpoints.invoke("all-said", request_file="request.json")
print()  # the dots of azure-ai-ml end here
print(json.dumps(json.loads(answer)))
