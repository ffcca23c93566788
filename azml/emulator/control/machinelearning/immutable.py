"""What a PUT or PATCH may not change in an online endpoint.

Sources: learn.microsoft.com, "Access Azure resources from an online endpoint" (the identity is fixed at
creation); description of API 2025-12-01, EndpointPropertiesBase.properties: "Properties can be added, but not
removed or altered". That the description is fixed too is a strict assumption.
"""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.types import Write

_OF_AZURE = ("azureasyncoperationuri", "createdat", "createdby", "lastmodifiedat")
"""Properties that Azure sets, besides those that begin with `azureml.`: clients cannot change them."""


def check_immutable(write: Write) -> None:
    """Raise ArmError 400 for a change of the identity, the description, or an existing property."""
    if write.existing is None:
        return
    name, old = write.id.name, write.existing
    if _identity(section(old.body, "identity")) != _identity(section(write.body, "identity")):
        message = f"The identity of '{name}' cannot change; recreate the endpoint."
        raise bad_request(message, "IdentityImmutable")
    if old.properties.get("description", "") != write.properties.get("description", ""):
        message = f"The description of '{name}' cannot change; recreate the endpoint."
        raise bad_request(message, "DescriptionImmutable")
    wanted = section(write.properties, "properties")
    for key, value in section(old.properties, "properties").items():
        if not _is_of_azure(key) and wanted.get(key) != value:
            message = f"Properties of '{name}' can be added, but not removed or altered: {key}."
            raise bad_request(message, "PropertiesImmutable")


def _identity(identity: Json) -> tuple[frozenset[str], frozenset[str]]:
    kinds = str(identity.get("type", "None")).replace(" ", "").lower().split(",")
    users = section(identity, "userAssignedIdentities")
    return frozenset(kinds), frozenset(user.lower() for user in users)


def _is_of_azure(key: str) -> bool:
    return key.lower() in _OF_AZURE or key.lower().startswith("azureml.")
