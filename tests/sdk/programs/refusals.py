"""What this machine cannot run, and what Azure would not take: said before anything starts."""

from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
)
from azure.core.exceptions import HttpResponseError

CODE = CodeConfiguration(code="src", scoring_script="score.py")
ROUTES = {
    name: {"port": 8501, "path": f"/{name}"}
    for name in ("liveness_route", "readiness_route", "scoring_route")
}


def run(client: MLClient) -> dict[str, Any]:
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="refusing")).result()
    deployments: dict[str, dict[str, Any]] = {
        "container": {
            "environment": Environment(
                image="tensorflow/serving:latest",
                conda_file={"dependencies": ["python=3.11"]},
                inference_config=ROUTES,
            ),
            "model": Model(path="heavy"),
            "instance_type": "Standard_D4as_v4",
        },
        "triton": {"model": Model(path="heavy", type="triton_model"), "instance_type": "Standard_D4as_v4"},
        "gpu": {
            "model": "azureml:light:7",
            "environment": "server@latest",
            "code_configuration": CODE,
            "instance_type": "Standard_NC6s_v3",
        },
        "registry": {
            "model": "azureml://registries/azureml/models/some/versions/1",
            "instance_type": "Standard_D4as_v4",
        },
    }
    seen: dict[str, Any] = {}
    for name, settings in deployments.items():
        one = ManagedOnlineDeployment(name=name, endpoint_name="refusing", instance_count=1, **settings)
        try:
            client.online_deployments.begin_create_or_update(one).result()
        except HttpResponseError as refused:
            seen[name] = [refused.status_code, refused.error.message if refused.error else str(refused)]
    seen["left"] = [one.name for one in client.online_deployments.list("refusing")]
    client.online_endpoints.begin_delete("refusing").result()
    return seen
