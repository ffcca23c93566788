"""Prints the names of the endpoints there are."""

import json

from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

client = MLClient.from_config(credential=DefaultAzureCredential())
print(json.dumps([endpoint.name for endpoint in client.online_endpoints.list()]))
