"""An endpoint on a cluster of one's own."""

from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AmlCompute,
    CodeConfiguration,
    KubernetesCompute,
    KubernetesOnlineDeployment,
    KubernetesOnlineEndpoint,
    ResourceRequirementsSettings,
    ResourceSettings,
    TargetUtilizationScaleSettings,
)
from azure.core.exceptions import HttpResponseError

CODE = CodeConfiguration(code="src", scoring_script="score.py")


def run(client: MLClient) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    cluster = KubernetesCompute(
        name="cluster",
        namespace="default",
        resource_id="/subscriptions/0/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks",
    )
    seen["attached"] = client.compute.begin_create_or_update(cluster).result().provisioning_state
    endpoint = KubernetesOnlineEndpoint(name="cluster-end", compute="cluster", auth_mode="key")
    made = client.online_endpoints.begin_create_or_update(endpoint).result()
    seen["endpoint"] = [type(made).__name__, made.compute.rpartition("/")[2]]
    deployment = KubernetesOnlineDeployment(
        name="blue",
        endpoint_name="cluster-end",
        model="azureml:light:7",
        environment="server@latest",
        code_configuration=CODE,
        environment_variables={"WHO": "cluster"},
        instance_count=1,
        resources=ResourceRequirementsSettings(
            requests=ResourceSettings(cpu="0.1", memory="0.2Gi"),
            limits=ResourceSettings(cpu="1", memory="1Gi"),
        ),
        scale_settings=TargetUtilizationScaleSettings(
            min_instances=1, max_instances=3, target_utilization_percentage=70, polling_interval=10
        ),
    )
    running = client.online_deployments.begin_create_or_update(deployment).result()
    seen["deployment"] = [
        type(running).__name__,
        running.provisioning_state,
        running.resources.requests.cpu,
        running.scale_settings.target_utilization_percentage,
    ]
    seen["answer"] = client.online_endpoints.invoke(
        "cluster-end", request_file="request.json", deployment_name="blue"
    )
    seen["storage log"] = client.online_deployments.get_logs(
        "blue", "cluster-end", 100, container_type="storage-initializer"
    )
    client.compute.begin_create_or_update(AmlCompute(name="machines", size="Standard_D4as_v4")).result()
    try:
        wrong = KubernetesOnlineEndpoint(name="no-cluster", compute="machines")
        client.online_endpoints.begin_create_or_update(wrong).result()
    except HttpResponseError as refused:
        seen["no cluster"] = [refused.status_code, refused.error.code]
    deployment.name = "gpu"
    deployment.resources.requests.gpu = deployment.resources.limits.gpu = "1"
    try:
        client.online_deployments.begin_create_or_update(deployment).result()
    except HttpResponseError as refused:
        seen["gpu"] = refused.error.message
    made.traffic, made.mirror_traffic = {}, {"blue": 10}
    try:
        client.online_endpoints.begin_create_or_update(made).result()
    except HttpResponseError as refused:
        seen["mirrored"] = refused.status_code
    client.online_endpoints.begin_delete("cluster-end").result()
    return seen
