"""Endpoints and deployments as files say them, each setting of them, put and read back."""

from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient, load_online_deployment, load_online_endpoint
from azure.core.exceptions import HttpResponseError

HERE = Path(__file__).with_suffix("")


def run(client: MLClient) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    managed(client, seen)
    dot(client, seen)
    kubernetes(client, seen)
    return seen


def managed(client: MLClient, seen: dict[str, Any]) -> None:
    text = (HERE / "managed-endpoint.yml").read_text()
    group = f"/subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}"
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
    (HERE / "endpoint.yml").write_text(text.replace("${{IDENTITY}}", identity))
    client.online_endpoints.begin_create_or_update(load_online_endpoint(HERE / "endpoint.yml")).result()
    endpoint = client.online_endpoints.get("from-files")
    seen["endpoint"] = [
        endpoint.description,
        endpoint.tags,
        endpoint.properties["note"],
        endpoint.public_network_access,
        endpoint.identity.type,
        [
            # azure-ai-ml keeps what Azure computes under Azure's own names
            [found.resource_id.rpartition("/")[2], "clientId" in vars(found), "principalId" in vars(found)]
            for found in endpoint.identity.user_assigned_identities
        ],
    ]
    deployment = load_online_deployment(HERE / "managed-deployment.yml")
    made = client.online_deployments.begin_create_or_update(deployment).result()
    seen["deployment"] = [
        made.description,
        made.tags,
        made.properties["note"],
        made.model.split("/")[-3:],
        made.environment.split("/")[-3:],
        made.instance_count,
        made.app_insights_enabled,
        made.egress_public_network_access,
        made.scale_settings.type,
    ]
    seen["request settings"] = [
        made.request_settings.request_timeout_ms,
        made.request_settings.max_concurrent_requests_per_instance,
    ]
    seen["probes"] = [
        [one.initial_delay, one.period, one.timeout, one.success_threshold, one.failure_threshold]
        for one in (made.liveness_probe, made.readiness_probe)
    ]
    seen["collected"] = made.data_collector.collections["model_inputs"].enabled
    seen["managed answer"] = client.online_endpoints.invoke(
        "from-files", request_file="request.json", deployment_name="all-settings"
    )
    slow = load_online_deployment(HERE / "managed-deployment.yml")
    slow.request_settings.request_timeout_ms = 180_001
    try:
        client.online_deployments.begin_create_or_update(slow).result()
    except HttpResponseError as refused:
        seen["too slow"] = refused.status_code


def dot(client: MLClient, seen: dict[str, Any]) -> None:
    deployment = load_online_deployment(HERE / "dot" / "deployment.yml")
    client.online_deployments.begin_create_or_update(deployment).result()
    seen["dot answer"] = client.online_endpoints.invoke(
        "from-files", request_file="request.json", deployment_name="dot"
    )
    client.online_endpoints.begin_delete("from-files").result()


def kubernetes(client: MLClient, seen: dict[str, Any]) -> None:
    endpoint = load_online_endpoint(HERE / "kubernetes-endpoint.yml")
    client.online_endpoints.begin_create_or_update(endpoint).result()
    deployment = load_online_deployment(HERE / "kubernetes-deployment.yml")
    made = client.online_deployments.begin_create_or_update(deployment).result()
    scale = made.scale_settings
    seen["kubernetes"] = [
        made.resources.requests.cpu,
        made.resources.limits.memory,
        made.instance_type,
        made.request_settings.request_timeout_ms,
        [
            scale.min_instances,
            scale.max_instances,
            scale.polling_interval,
            scale.target_utilization_percentage,
        ],
    ]
    seen["kubernetes answer"] = client.online_endpoints.invoke(
        "cluster-files", request_file="request.json", deployment_name="blue"
    )
    client.online_endpoints.begin_delete("cluster-files").result()
