"""Deployments behind the endpoints: made, asked, shared between, read, scaled, taken away."""

from typing import Any

import requests
from azure.ai.ml import MLClient, load_online_deployment
from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    Model,
    OnlineRequestSettings,
)
from azure.core.exceptions import HttpResponseError

SERVER = Environment(image="mcr.microsoft.com/azureml/minimal:latest", conda_file="conda.yml")
CODE = CodeConfiguration(code="src", scoring_script="score.py")
SIZE = "Standard_D4as_v4"


def run(client: MLClient) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    made(client, seen)
    split(client, seen)
    asked(client, seen)
    read(client, seen)
    left(client, seen)
    return seen


def made(client: MLClient, seen: dict[str, Any]) -> None:
    blue = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="plain",
        model=Model(path="model/light.txt"),
        code_configuration=CODE,
        environment=SERVER,
        environment_variables={"WHO": "blue"},
        instance_type=SIZE,
        instance_count=1,
    )
    green = ManagedOnlineDeployment(
        name="green",
        endpoint_name="plain",
        model="azureml:light:2",
        code_configuration=CODE,
        environment="server@latest",
        environment_variables={"WHO": "green"},
        instance_type=SIZE,
        instance_count=1,
        request_settings=OnlineRequestSettings(request_timeout_ms=4000),
    )
    running = [client.online_deployments.begin_create_or_update(one) for one in (blue, green)]
    seen["made"] = [one.result().provisioning_state for one in running]
    yaml = load_online_deployment("deployment.yml")
    seen["from yaml"] = client.online_deployments.begin_create_or_update(yaml).result().provisioning_state
    signed = load_online_deployment(
        "deployment.yml", params_override=[{"endpoint_name": "signed"}, {"model": "azureml:light:7"}]
    )
    client.begin_create_or_update(signed).result()
    blue.tags, blue.instance_count = {"owner": "us"}, 2
    grown = client.online_deployments.begin_create_or_update(blue).result()
    seen["grown"] = [grown.instance_count, grown.tags, grown.model.split("/")[-4:]]
    found = client.online_deployments.get("green", "plain")
    seen["green"] = [
        found.model.split("/")[-3:],
        found.environment.split("/")[-3:],
        found.request_settings.request_timeout_ms,
        found.environment_variables["WHO"],
        found.instance_type,
    ]


def split(client: MLClient, seen: dict[str, Any]) -> None:
    endpoint = client.online_endpoints.get("plain")
    endpoint.traffic = {"blue": 90, "green": 10}
    client.online_endpoints.begin_create_or_update(endpoint).result()
    seen["split"] = client.online_endpoints.get("plain").traffic
    endpoint.traffic, endpoint.mirror_traffic = {"blue": 100}, {"green": 10}
    client.online_endpoints.begin_create_or_update(endpoint).result()
    mirrored = client.online_endpoints.get("plain")
    seen["mirrored"] = [mirrored.traffic, mirrored.mirror_traffic]
    for name, shares in (("unknown", {"nobody": 100}), ("sum", {"blue": 60, "green": 10})):
        endpoint.traffic, endpoint.mirror_traffic = shares, {}
        try:
            client.online_endpoints.begin_create_or_update(endpoint).result()
        except HttpResponseError as refused:
            seen[name] = refused.status_code
    for name in ("from-yaml", "signed"):
        endpoint = client.online_endpoints.get(name)
        endpoint.traffic = {"blue": 100}
        client.online_endpoints.begin_create_or_update(endpoint).result()


def asked(client: MLClient, seen: dict[str, Any]) -> None:
    # By traffic first: once `invoke` was told a deployment, it goes on naming it.
    seen["invoked"] = {
        name: client.online_endpoints.invoke(name, request_file="request.json")
        for name in ("plain", "from-yaml", "signed")
    }
    seen["by name"] = [
        client.online_endpoints.invoke("plain", request_file="request.json", deployment_name=name)
        for name in ("green", "blue")
    ]
    endpoint = client.online_endpoints.get("plain")
    key = client.online_endpoints.get_keys("plain").secondary_key
    answer = requests.post(
        endpoint.scoring_uri, json=[], headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    seen["plain request"] = [answer.status_code, answer.headers["azureml-model-deployment"]]
    strange = requests.post(endpoint.scoring_uri, json=[], headers={"Authorization": "Bearer no"}, timeout=30)
    seen["stranger"] = strange.status_code
    described = requests.get(endpoint.openapi_uri, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    seen["openapi"] = [described.status_code, described.json().get("swagger")]


def read(client: MLClient, seen: dict[str, Any]) -> None:
    logs = client.online_deployments.get_logs
    seen["server log"] = logs("blue", "plain", 200)
    seen["named server log"] = logs("blue", "plain", 200, container_type="inference-server")
    seen["short log"] = len(logs("blue", "plain", 2).splitlines())
    seen["storage log"] = logs("blue", "plain", 200, container_type="storage-initializer")
    seen["listed"] = sorted(one.name for one in client.online_deployments.list("plain"))


def left(client: MLClient, seen: dict[str, Any]) -> None:
    try:
        client.online_deployments.begin_delete("blue", "plain").result()
    except HttpResponseError as refused:
        seen["live"] = [refused.status_code, refused.error.code]
    endpoint = client.online_endpoints.get("plain")
    endpoint.mirror_traffic = {}
    client.online_endpoints.begin_create_or_update(endpoint).result()
    client.online_deployments.begin_delete("green", "plain").result()
    for name in ("plain", "from-yaml", "signed"):
        client.online_endpoints.begin_delete(name).result()
    seen["left"] = [found.name for found in client.online_endpoints.list()]
    try:
        client.online_deployments.get("blue", "plain")
    except HttpResponseError as gone:
        seen["gone"] = gone.status_code
