"""A second workspace, and endpoints in it as a team has made them before it knew of Pulumi."""

import os
from pathlib import Path
from typing import Any

import requests
from azure.ai.ml import MLClient, load_online_deployment, load_online_endpoint
from azure.ai.ml.entities import KubernetesCompute, ManagedOnlineEndpoint
from azure.identity import DefaultAzureCredential

FILES = Path("files")
CLUSTER = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
WORKSPACE = "mlw-existing"


def run(other: MLClient) -> dict[str, Any]:
    """Make them beside the client's own workspace; what one of them answers."""
    credential = DefaultAzureCredential()
    client = MLClient(credential, other.subscription_id, other.resource_group_name, WORKSPACE)
    group = f"/subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}/providers"
    make_workspace(credential, group)
    managed(client, group)
    on_a_cluster(client)
    made(client, ManagedOnlineEndpoint(name="without-any"))
    return {"answer": client.online_endpoints.invoke("all-said", request_file="request.json")}


def make_workspace(credential: DefaultAzureCredential, group: str) -> None:
    stands_on = {
        "storageAccount": f"{group}/Microsoft.Storage/storageAccounts/sdktests",
        "keyVault": f"{group}/Microsoft.KeyVault/vaults/sdktests",
    }
    token = credential.get_token("https://management.azure.com/.default").token
    place = f"{group}/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"
    requests.put(
        f"https://{os.environ['ARM_METADATA_HOSTNAME']}{place}?api-version=2025-12-01",
        json={"location": "westeurope", "properties": stands_on},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).raise_for_status()


def managed(client: MLClient, group: str) -> None:
    text = (FILES / "managed-endpoint.yml").read_text()
    reader = f"{group}/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
    (FILES / "existing.yml").write_text(text.replace("${{IDENTITY}}", reader))
    endpoint = load_online_endpoint(FILES / "existing.yml", params_override=[{"name": "all-said"}])
    overrides = [{"endpoint_name": "all-said"}, {"instance_count": 1}]
    deployment = load_online_deployment(FILES / "managed-deployment.yml", params_override=overrides)
    made(client, endpoint, deployment)
    endpoint.traffic = {"all-settings": 100}
    made(client, endpoint)


def on_a_cluster(client: MLClient) -> None:
    cluster = KubernetesCompute(name="somewhere", namespace="default", resource_id=CLUSTER)
    client.compute.begin_create_or_update(cluster).result()
    registered = [{"model": "azureml:weights:3"}, {"environment": "azureml:scoring:1.10"}]
    overrides = [{"endpoint_name": "on-cluster"}, *registered]
    made(
        client,
        load_online_endpoint(FILES / "kubernetes-endpoint.yml", params_override=[{"name": "on-cluster"}]),
        load_online_deployment(FILES / "kubernetes-deployment.yml", params_override=overrides),
    )


def made(client: MLClient, endpoint: object, *deployments: object) -> None:
    client.online_endpoints.begin_create_or_update(endpoint).result()
    for deployment in deployments:
        client.online_deployments.begin_create_or_update(deployment).result()
