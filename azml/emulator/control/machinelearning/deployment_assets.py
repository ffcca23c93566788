"""Finds the registered assets that a deployment names, and checks that they can be served."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.asset_registries import find_registry, find_registry_asset
from azml.emulator.control.machinelearning.containers import container_of
from azml.emulator.control.machinelearning.local_limits import check_local_limits


@dataclass(frozen=True)
class DeploymentAssets:
    """The registered assets that a deployment names. Without code, it is an MLflow model."""

    model: Record | None
    code: Record | None
    environment: Record | None

    @property
    def mlflow(self) -> bool:
        """Whether Azure's own server serves the model, without user code."""
        return self.code is None and not properties_of(self.environment).get("inferenceConfig")

    @property
    def needs_image(self) -> bool:
        """Whether Azure would build an image: for a conda file, or for an MLflow model without code."""
        return self.mlflow or bool(properties_of(self.environment).get("condaFile"))


def find_assets(properties: Json, store: ResourceStore) -> DeploymentAssets:
    """The registered assets. Raises ArmError 400 when one is missing."""
    code = section(properties, "codeConfiguration")
    return DeploymentAssets(
        find_asset(properties.get("model"), "models", store),
        find_asset(code.get("codeId"), "codes", store),
        find_asset(properties.get("environmentId"), "environments", store),
    )


def check_assets(assets: DeploymentAssets, properties: Json) -> None:
    """Raise ArmError 400 when nothing can serve the assets, on Azure or on this machine."""
    check_local_limits(properties, properties_of(assets.model), properties_of(assets.environment))
    if container_of(assets.environment, assets.model, assets.code, properties) is None:
        _check_server_has_work(assets)
    if assets.code:
        _check_script(section(properties, "codeConfiguration").get("scoringScript"))


def find_asset(reference: object, collection: str, store: ResourceStore) -> Record | None:
    """The version with this ARM id, None for no id. Raises ArmError 400 when there is none."""
    if not reference:
        return None
    text = str(reference)
    if text.lower().startswith("azureml://registries/"):
        return _in_registry(text, collection, store)
    try:
        found = store.find(resource_id(text).text)
    except ArmError as error:
        raise bad_request(
            f"'{text}' is not the ARM id of a version in {collection}.", "InvalidAssetId"
        ) from error
    if found is None or not found.id.kind.endswith(f"/{collection}/versions"):
        raise bad_request(f"There is no version '{text}' in {collection}.", "AssetNotFound")
    return found


def _in_registry(text: str, collection: str, store: ResourceStore) -> Record:
    """The version of a registry: of a model or an environment.

    The description of 2025-12-01 takes "ARM resource ID or AssetId" for an environment and the ARM id alone
    for code, and registries have "only named assets (data/model/component/environment)" (learn.microsoft.com,
    "Share models, components, and environments across workspaces with registries").
    """
    if collection == "codes":
        raise bad_request(
            f"'{text}' is code of a registry, and a deployment's is a workspace's.", "InvalidAssetId"
        )
    name = text.split("/")[3]
    if find_registry(name, store) is None:
        message = f"'{text}' is in a registry, and the local Azure has none that is called '{name}'."
        raise bad_request(message, "AssetNotFound")
    found = find_registry_asset(text, store)
    if found is None or not found.id.kind.endswith(f"/registries/{collection}/versions"):
        raise bad_request(f"There is no version '{text}' in {collection}.", "AssetNotFound")
    return found


def properties_of(version: Record | None) -> Json:
    """A version's properties; empty where there is none."""
    return version.properties if version else {}


def _check_server_has_work(assets: DeploymentAssets) -> None:
    """Azure's own server needs a scoring script or an MLflow model."""
    if assets.code is None:
        if assets.model is None or assets.model.properties.get("modelType") != "mlflow_model":
            raise bad_request(
                "A deployment without codeConfiguration must have a model of type mlflow_model.",
                "ValidationError",
            )
    elif assets.environment is None:
        raise bad_request("A deployment with codeConfiguration needs environmentId.", "ValidationError")


def _check_script(script: object) -> None:
    if not isinstance(script, str) or not script:
        raise bad_request("codeConfiguration.scoringScript is missing.", "ValidationError")
    path = PurePosixPath(script)
    if path.is_absolute() or ".." in path.parts or "\0" in script:
        message = f"codeConfiguration.scoringScript '{script}' is not a path inside the code."
        raise bad_request(message, "ValidationError")
