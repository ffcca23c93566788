"""A workspace and what it stands on, by plain management calls: what `az group create` and the like would do.

Usage: python make_workspace.py, in a shell with the variables of `azml emulator env` and its config.json.
"""

import json
import os
from pathlib import Path
from typing import Any

import requests
from azure.identity import DefaultAzureCredential

ARM = f"https://{os.environ['ARM_METADATA_HOSTNAME']}"
config = json.loads(Path(".azureml/config.json").read_text())
token = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
group = f"/subscriptions/{config['subscription_id']}/resourceGroups/{config['resource_group']}"


def put(path: str, **body: Any) -> str:
    answer = requests.put(
        f"{ARM}{path}?api-version=2025-12-01",
        json={"location": "westeurope", **body},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    return path


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
put(f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader")
