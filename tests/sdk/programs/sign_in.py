"""Two credentials, and a client by file and by name."""

import os
from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient
from azure.identity import ClientSecretCredential, DefaultAzureCredential, EnvironmentCredential

seen: dict[str, Any] = {}


def client() -> MLClient:
    """The client that the rest of the week uses: from the file, and with what the machine is signed in as."""
    secret = ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
    )
    by_file = MLClient.from_config(credential=DefaultAzureCredential())
    by_name = MLClient(secret, by_file.subscription_id, by_file.resource_group_name, by_file.workspace_name)
    seen["by_file"] = by_file.workspaces.get(by_file.workspace_name).location
    seen["by_name"] = by_name.workspaces.get(by_name.workspace_name).name
    seen["environment"] = bool(EnvironmentCredential().get_token("https://ml.azure.com/.default").token)
    beside = MLClient.from_config(EnvironmentCredential(), path=Path(".."))
    seen["beside"] = beside.workspace_name == by_file.workspace_name
    return by_file
