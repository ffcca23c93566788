"""An ordinary azure-ai-ml script: nothing in it knows of the local Azure. Prints what it saw as JSON.

Usage: python real_client.py FOLDER, with the environment that `/_azml/environment` gives.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AzureBlobDatastore,
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    Workspace,
)
from azure.ai.ml.entities._assets import Code
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential, DefaultAzureCredential

seen: dict[str, Any] = {}
folder = Path(sys.argv[1])
ENDPOINT = ManagedOnlineEndpoint(name="diabetes", auth_mode="key")


def credential() -> ClientSecretCredential:
    return ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"],
        os.environ["AZURE_CLIENT_ID"],
        os.environ["AZURE_CLIENT_SECRET"],
        disable_instance_discovery=True,
    )


def client() -> MLClient:
    return MLClient(credential(), os.environ["ARM_SUBSCRIPTION_ID"], "rg", "ws1")


def custom(name: str, **more: Any) -> ManagedOnlineDeployment:
    return ManagedOnlineDeployment(
        name=name,
        endpoint_name="diabetes",
        model=Model(path=folder / "model" / "weights.bin", name="weights", version="1"),
        code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        environment=Environment(image="img", conda_file=str(folder / "conda.yml")),
        instance_type="Standard_DS3_v2",
        instance_count=2,
        **more,
    )


def deployments(ml: MLClient) -> None:
    ml.online_endpoints.begin_create_or_update(ENDPOINT).result()
    started = time.monotonic()
    blue = ml.online_deployments.begin_create_or_update(custom("blue")).result()
    seen["blue"] = [blue.provisioning_state, blue.instance_count, blue.model, blue.environment]
    seen["seconds"] = time.monotonic() - started
    again = ml.online_deployments.begin_create_or_update(custom("blue", tags={"again": "yes"})).result()
    seen["again"] = [again.tags, again.code_configuration.code == blue.code_configuration.code]
    flow = Model(path=folder / "flow", type="mlflow_model")
    green = ManagedOnlineDeployment(
        name="green", endpoint_name="diabetes", model=flow, instance_type="Standard_F4s_v2"
    )
    seen["green"] = ml.online_deployments.begin_create_or_update(green).result().provisioning_state
    try:
        ml.online_deployments.begin_create_or_update(custom("broken")).result()
    except HttpResponseError as error:
        seen["broken"] = str(error)


def shares_and_keys(ml: MLClient) -> None:
    endpoint = ml.online_endpoints.get("diabetes")
    endpoint.traffic = {"blue": 90, "green": 10}
    seen["traffic"] = ml.online_endpoints.begin_create_or_update(endpoint).result().traffic
    endpoint.traffic = {"nobody": 100}
    try:
        ml.online_endpoints.begin_create_or_update(endpoint).result()
    except HttpResponseError as error:
        seen["refused"] = [error.status_code, ml.online_endpoints.get("diabetes").traffic]
    before = ml.online_endpoints.get_keys("diabetes")
    ml.online_endpoints.begin_regenerate_keys("diabetes", key_type="primary").result()
    after = ml.online_endpoints.get_keys("diabetes")
    seen["rotated"] = [before.primary_key != after.primary_key, before.secondary_key == after.secondary_key]
    seen["logs"] = ml.online_deployments.get_logs("blue", "diabetes", 10)


def assets(ml: MLClient) -> None:
    first = ml.environments.create_or_update(Environment(name="env", image="one"))
    second = ml.environments.create_or_update(Environment(name="env", image="two"))
    seen["environments"] = [first.version, second.version, ml.environments.get("env", label="latest").version]
    ml.models.create_or_update(Model(path=folder / "model", name="numbered"))
    latest = ml.models.create_or_update(Model(path=folder / "flow", name="numbered", type="mlflow_model"))
    seen["models"] = [latest.version, sorted(model.name for model in ml.models.list())]
    ml.models.download("weights", "1", str(folder / "downloaded"))
    seen["datastore"] = ml.datastores.get_default().name
    ml.datastores.create_or_update(
        AzureBlobDatastore(name="mine", account_name="account1", container_name="c")
    )
    ml.datastores.delete("mine")
    seen["datastores"] = [datastore.name for datastore in ml.datastores.list()]
    try:
        ml.workspaces.begin_create(Workspace(name="other", location="westeurope"))
    except HttpResponseError as error:
        seen["template"] = str(error)
    seen["listed"] = sorted(found.name for found in ml.online_deployments.list("diabetes"))


def registry(ml: MLClient) -> None:
    shared = MLClient(credential(), registry_name="shared")
    made = shared.models.create_or_update(Model(path=folder / "model", name="own", version="1"))
    seen["in_registry"] = [made.id, shared.models.get("own", label="latest").version]
    environment = Environment(name="env", version="1", image="img", conda_file=str(folder / "conda.yml"))
    seen["same"] = [shared.environments.create_or_update(environment).id for _ in range(2)]
    environment.image = "other"
    try:
        shared.environments.create_or_update(environment)
    except HttpResponseError as error:
        seen["changed"] = error.status_code
    code = Code(name="code", version="1", path=str(folder / "code"))
    seen["code"] = shared._code.create_or_update(code).id
    to = {"share_with_name": "weights", "share_with_version": "7", "registry_name": "shared"}
    seen["shared"] = ml.models.share("weights", "1", **to).id
    ml.environments.share("env", "2", **to)
    seen["all"] = [sorted(one.name for one in kind.list()) for kind in (shared.models, shared.environments)]
    try:
        MLClient(credential(), registry_name="nobodys")
    except ResourceNotFoundError:
        seen["nobodys"] = True


def leave(ml: MLClient) -> None:
    try:
        ml.online_deployments.begin_delete("blue", "diabetes").result()
    except HttpResponseError as error:
        seen["live"] = error.status_code
    endpoint = ml.online_endpoints.get("diabetes")
    endpoint.traffic = {"green": 100}
    ml.online_endpoints.begin_create_or_update(endpoint).result()
    ml.online_deployments.begin_delete("blue", "diabetes").result()
    ml.online_endpoints.begin_delete("diabetes").result()
    try:
        ml.online_endpoints.get("diabetes")
    except ResourceNotFoundError:
        seen["gone"] = True


scope = os.environ["ARM_CLOUD_METADATA_URL"].partition("/metadata")[0] + "/.default"
seen["default_credential"] = bool(DefaultAzureCredential().get_token(scope).token)
ml = client()
seen["workspace"] = ml.workspaces.get("ws1").location
for step in (deployments, shares_and_keys, assets, registry, leave):
    step(ml)
print("\n" + json.dumps(seen))  # the client prints dots without a line end
