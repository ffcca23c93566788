"""What a deployment needs to use the assets of a registry.

Sources: azure-ai-ml 1.35.2, `exit_if_registry_assets` (no registries on Kubernetes); learn.microsoft.com,
"Share models, components, and environments across workspaces with registries" (the regions); "Manage Azure
Machine Learning registries" (whoever uses its assets has Reader, or a role with `registries/assets/read`).
That the endpoint's identity is asked for the role, and its network for a way, is the stricter assumption.
"""

from collections.abc import Iterator

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.asset_registries import regions_of, registry_of
from azml.emulator.control.machinelearning.deployment_assets import DeploymentAssets
from azml.emulator.control.machinelearning.identity_roles import check_role
from azml.emulator.control.machinelearning.managed_networks import check_reaches
from azml.emulator.control.storage.roles import REGISTRY_READERS, DataRoles


def check_registries(assets: DeploymentAssets, endpoint: Record, store: ResourceStore) -> None:
    """Raise ArmError 400 for a registry that no deployment of the endpoint can use."""
    region = store.get(endpoint.id.parent).location
    for registry in _registries(assets, store):
        name = registry.id.name
        if endpoint.properties.get("compute"):
            message = f"Kubernetes deployments do not support assets of a registry ('{name}')."
            raise bad_request(message, "ValidationError")
        if region not in regions_of(registry):
            message = f"The registry '{name}' is not in {region}, the region of the workspace."
            raise bad_request(message, "ValidationError")


def check_registry_access(
    assets: DeploymentAssets, endpoint: Record, store: ResourceStore, roles: DataRoles
) -> None:
    """Raise ArmError 400 when a deployment of the endpoint may not read a registry, or cannot reach it."""
    workspace = store.get(endpoint.id.parent)
    for registry in _registries(assets, store):
        check_role(endpoint, REGISTRY_READERS, registry, roles, "whose assets the deployment uses")
        check_reaches(workspace, registry)


def _registries(assets: DeploymentAssets, store: ResourceStore) -> Iterator[Record]:
    found = (registry_of(version, store) for version in (assets.model, assets.environment))
    yield from (registry for registry in found if registry)
