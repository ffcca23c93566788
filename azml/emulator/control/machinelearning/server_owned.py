"""Names that Azure sets on endpoints and deployments: shown on read, and not part of the user's settings.

A client that writes back what it has read sends them too; they are removed again, so that only the user's
settings take effect. Recorded answers in public repositories show which they are, and so does `azurerm`: it
omits the first two properties (hashicorp/terraform-provider-azurerm, machine_learning_online_endpoint).
"""

from collections.abc import Collection
from pathlib import PurePosixPath

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.asset_registries import find_registry_asset
from azml.emulator.control.machinelearning.containers import code_at, model_at

OPERATION = "AzureAsyncOperationUri"
ENDPOINT_PROPERTIES = (OPERATION, "azureml.onlineendpointid", "createdAt", "createdBy", "lastModifiedAt")
DEPLOYMENT_PROPERTIES = (OPERATION,)


def without(properties: Json, names: Collection[str]) -> Json:
    """Properties without these names, whatever their case."""
    owned = {name.lower() for name in names}
    return {name: value for name, value in properties.items() if name.lower() not in owned}


def variables(properties: Json, store: ResourceStore) -> dict[str, str]:
    """The environment variables Azure adds to a deployment with these properties."""
    code = section(properties, "codeConfiguration")
    script = PurePosixPath(str(code.get("scoringScript") or ""))
    found: dict[str, str] = {}
    if version := _find(code.get("codeId"), store):
        # A script in a subfolder has its own folder as root (Azure/azure-sdk-for-python#30296).
        found["AML_APP_ROOT"] = str(PurePosixPath(code_at(version)) / script.parent)
        found["AZUREML_ENTRY_SCRIPT"] = script.name
    if version := _find(properties.get("model"), store):
        found["AZUREML_MODEL_DIR"] = model_at(version, properties.get("modelMountPath"))
    return found


def users_variables(properties: Json, *others: Json, store: ResourceStore) -> dict[str, object]:
    """The variables a user gave: without those that Azure adds to this deployment or to `others`.

    `others` are properties that the client may have read. A variable with Azure's name but another value is
    the user's.
    """
    added = [variables(each, store).items() for each in (properties, *others)]
    given = section(properties, "environmentVariables").items()
    return {name: value for name, value in given if not any((name, value) in each for each in added)}


def _find(version: object, store: ResourceStore) -> Record | None:
    """A registered version by its id; None where it was deleted."""
    if found := find_registry_asset(str(version), store):
        return found
    try:
        return store.find(resource_id(str(version)).text) if version else None
    except ArmError:
        return None
