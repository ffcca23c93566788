"""An endpoint's life in short, for whatever release of azure-ai-ml runs it. Prints what it saw as JSON."""

import json
from importlib.metadata import version

from azure.ai.ml import MLClient, load_online_deployment
from azure.ai.ml.entities import ManagedOnlineEndpoint
from azure.identity import DefaultAzureCredential

client = MLClient.from_config(credential=DefaultAzureCredential())
endpoint = client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="previous")).result()
local = {
    "endpoint_name": "previous",
    "model": {"path": "model/light.txt"},
    "environment": {"image": "mcr.microsoft.com/azureml/minimal:latest", "conda_file": "conda.yml"},
}
parts = [{name: part} for name, part in local.items()]
deployment = load_online_deployment("deployment.yml", params_override=parts)
made = client.online_deployments.begin_create_or_update(deployment).result()
endpoint.traffic = {made.name: 100}
client.online_endpoints.begin_create_or_update(endpoint).result()
before = client.online_endpoints.get_keys("previous").primary_key
client.online_endpoints.begin_regenerate_keys("previous", key_type="primary").result()
seen = {
    "release": version("azure-ai-ml"),
    "state": made.provisioning_state,
    "traffic": client.online_endpoints.get("previous").traffic,
    "answer": client.online_endpoints.invoke("previous", request_file="request.json"),
    "rotated": client.online_endpoints.get_keys("previous").primary_key != before,
    "log": "POST /score 200" in client.online_deployments.get_logs(made.name, "previous", lines=100),
}
client.online_endpoints.begin_delete("previous").result()
print()  # the dots of azure-ai-ml end here
print(json.dumps(seen))
