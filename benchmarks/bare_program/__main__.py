"""The local stack's resources as a plain azure-native program, written by hand: preview.py's yardstick."""

from pathlib import Path

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    keyvault,
    operationalinsights,
    resources,
    storage,
)
from pulumi_azure_native import machinelearningservices as ml

SCORING = Path(__file__).parents[2] / "scoring" / "diabetes"
GROUP, WORKSPACE, ENDPOINT = "rg-bare", "mlw-bare", "bare"
TENANT = "00000000-0000-0000-0000-000000000002"

group = resources.ResourceGroup("group", resource_group_name=GROUP)
account = storage.StorageAccount(
    "account",
    account_name="stbare",
    resource_group_name=group.name,
    kind="StorageV2",
    sku=storage.SkuArgs(name="Standard_LRS"),
)
vault = keyvault.Vault(
    "vault",
    vault_name="kv-bare",
    resource_group_name=group.name,
    properties=keyvault.VaultPropertiesArgs(
        tenant_id=TENANT, sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName.STANDARD)
    ),
)
logs = operationalinsights.Workspace("logs", workspace_name="log-bare", resource_group_name=group.name)
insights = applicationinsights.Component(
    "insights",
    resource_name_="appi-bare",
    resource_group_name=group.name,
    kind="web",
    workspace_resource_id=logs.id,
)
workspace = ml.Workspace(
    "workspace",
    workspace_name=WORKSPACE,
    resource_group_name=group.name,
    identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
    storage_account=account.id,
    key_vault=vault.id,
    application_insights=insights.id,
    opts=pulumi.ResourceOptions(ignore_changes=["containerRegistry"]),
)
container = pulumi.Output.concat("azureml-blobstore-", workspace.workspace_id)
store = pulumi.Output.concat("azureml:/", workspace.id, "/datastores/workspaceblobstore/paths/bare/")


def upload(folder: Path, prefix: str) -> list[storage.Blob]:
    """One blob a file."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return [
        storage.Blob(
            f"{prefix}/{path.relative_to(folder).as_posix()}",
            blob_name=f"bare/{prefix}/{path.relative_to(folder).as_posix()}",
            account_name=account.name,
            container_name=container,
            resource_group_name=group.name,
            source=pulumi.FileAsset(str(path)),
        )
        for path in files
    ]


def model(name: str, kind: str, folder: str, path: str) -> ml.ModelVersion:
    """A model version over its own upload; `path` is the model's place in it."""
    return ml.ModelVersion(
        name,
        name=name,
        version="1",
        resource_group_name=group.name,
        workspace_name=workspace.name,
        properties=ml.ModelVersionPropertiesArgs(
            model_type=kind, model_uri=pulumi.Output.concat(store, name, path)
        ),
        opts=pulumi.ResourceOptions(depends_on=upload(SCORING / "models" / folder, name)),
    )


blue_model = model("blue-model", "mlflow_model", "logistic-regression", "")
green_model = model("green-model", "custom_model", "support-vector-machine", "/model.joblib")
code = ml.CodeVersion(
    "code",
    name="code",
    version="1",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    properties=ml.CodeVersionPropertiesArgs(
        code_uri=pulumi.Output.concat(account.primary_endpoints.blob, container, "/bare/code")
    ),
    opts=pulumi.ResourceOptions(depends_on=upload(SCORING / "src", "code")),
)
environment = ml.EnvironmentVersion(
    "environment",
    name="environment",
    version="1",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    properties=ml.EnvironmentVersionPropertiesArgs(
        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest",
        conda_file=(SCORING / "conda.yml").read_text(),
    ),
)
endpoint = ml.OnlineEndpoint(
    "endpoint",
    endpoint_name=ENDPOINT,
    resource_group_name=group.name,
    workspace_name=workspace.name,
    identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
    properties=ml.OnlineEndpointPropertiesArgs(auth_mode="Key"),
    # The shares are none of this program's: it could not set them before the deployments are there.
    opts=pulumi.ResourceOptions(ignore_changes=["properties.traffic", "properties.mirrorTraffic"]),
)


def deployment(name: str, size: str, **properties: object) -> ml.OnlineDeployment:
    """One deployment of the endpoint."""
    return ml.OnlineDeployment(
        name,
        deployment_name=name,
        endpoint_name=endpoint.name,
        resource_group_name=group.name,
        workspace_name=workspace.name,
        sku=ml.SkuArgs(name="Default", capacity=1),
        properties=ml.ManagedOnlineDeploymentArgs(
            endpoint_compute_type="Managed",
            instance_type=size,
            **properties,  # type: ignore[arg-type]  # each is what the field of its name takes
        ),
    )


deployment("blue", "Standard_D4as_v4", model=blue_model.id)
deployment(
    "green",
    "Standard_D2as_v4",
    model=green_model.id,
    environment_id=environment.id,
    code_configuration=ml.CodeConfigurationArgs(code_id=code.id, scoring_script="score.py"),
)
pulumi.export("scoring_uri", endpoint.properties.scoring_uri)
