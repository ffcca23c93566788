"""A workspace and what it stands on, by plain management calls: what `az group create` and the like would do.

Usage: python make_workspace.py, in a shell with the variables of `azml emulator env` and its config.json.
"""

import json
import os
import uuid
from pathlib import Path
from typing import Any

import requests
from azure.identity import DefaultAzureCredential

ARM = f"https://{os.environ['ARM_METADATA_HOSTNAME']}"
config = json.loads(Path(".azureml/config.json").read_text())
token = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
group = f"/subscriptions/{config['subscription_id']}/resourceGroups/{config['resource_group']}"

PULL_IMAGES, READ_BLOBS = "7f951dda-4ed3-4680-a7ca-43fe172d538d", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def call(method: str, path: str, body: object = None) -> Any:
    answer = requests.request(
        method,
        f"{ARM}{path}?api-version=2025-12-01",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()


def put(path: str, **body: Any) -> str:
    call("PUT", path, {"location": "westeurope", **body})
    return path


def grant(role: str, principal: str) -> None:
    """At the group: Azure creates the registry with the first image."""
    definition = (
        f"/subscriptions/{config['subscription_id']}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    )
    properties = {
        "roleDefinitionId": definition,
        "principalId": principal,
        "principalType": "ServicePrincipal",
    }
    place = f"{group}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    call("PUT", place, {"properties": properties})


put(group)
account = put(
    f"{group}/providers/Microsoft.Storage/storageAccounts/sdktests",
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
)
vault = put(
    f"{group}/providers/Microsoft.KeyVault/vaults/sdktests",
    properties={"sku": {"family": "A", "name": "standard"}, "tenantId": os.environ["ARM_TENANT_ID"]},
)
put(
    f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{config['workspace_name']}",
    properties={"storageAccount": account, "keyVault": vault},
)
reader = put(f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader")
for needed in (PULL_IMAGES, READ_BLOBS):
    grant(needed, call("GET", reader)["properties"]["principalId"])
