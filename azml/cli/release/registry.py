"""Registered versions in an Azure ML registry: their bytes, and copies of a workspace's versions.

The storage of a registry is Azure's: it is reached by signatures that Azure gives for a version. Sources:
RegistryModelVersions, RegistryEnvironmentVersions and RegistryDataReferences of API 2025-12-01.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import unquote

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError, client_code
from azml.cli.failure import CommandError, NotThereError
from azml.cli.release.contents import (
    PLACES,
    Content,
    Version,
    files_at,
    read_files,
    require_same,
    without_port,
)
from azml.cli.release.registered import Store
from azml.roles import REGISTRY_USER
from azml.specs import AssetReference, DeploymentSpec

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

KINDS = ("model", "environment")
"""What deployments use from a registry. Code is a workspace's: registries know it only in components."""

T = TypeVar("T")


class Registry:
    """The versions of one registry."""

    def __init__(self, arm: Arm, registry_id: str) -> None:
        """Raises NotThereError when there is no registry with this ARM id."""
        self._arm, self._own = arm, registry_id
        self.name = registry_id.rpartition("/")[2]
        if arm.get(registry_id, API_VERSION) is None:
            raise NotThereError(
                f"there is no registry {self.name} ({registry_id}), or you may not read it",
                f"correct registry in azml:promotion, or ask for the role {REGISTRY_USER!r} there",
            )

    def __str__(self) -> str:
        return f"registry {self.name}"

    def named(self, spec: DeploymentSpec) -> DeploymentSpec:
        """The spec with the versions of a workspace replaced by those that have their names here."""
        return replace(
            spec,
            model=self._named("model", spec.model),
            environment=self._named("environment", spec.environment),
        )

    def find(self, kind: str, asset: AssetReference) -> Version | None:
        """The version with that name; None when the registry has none."""
        found = self._arm.get(self._id(kind, asset), API_VERSION)
        return None if found is None else Version(kind, asset, found["properties"])

    def content(self, version: Version) -> Content:
        """The content of a version, read whole. Raises CommandError when its files cannot be found."""
        if version.kind not in PLACES:
            return version.content({})
        uri = str(version.properties.get(PLACES[version.kind]) or "")
        asked = {"assetId": self._asset_id(version.kind, version.asset), "blobUri": uri}
        path = f"{self._own}/datareferences/{version.asset.name}/versions/{version.asset.version}"
        with _Signed(self._arm.post(path, API_VERSION, asked), version) as blobs:
            return version.content(files_at(blobs, blobs.place(uri)))

    def copy(self, source: Store, version: Version, content: Content) -> None:
        """Register a workspace's version here, with the same bytes under the same name and version.

        Raises CommandError where the bytes are not those of `content`: before the version is registered,
        and after that, because Azure may have moved them.
        """
        own, properties = self._id(version.kind, version.asset), version.copied
        if version.kind in PLACES:
            asked = {"pendingUploadType": "TemporaryBlobReference"}
            begun = self._arm.post(f"{own}/startPendingUpload", API_VERSION, asked)
            with _Signed(begun, version) as here:
                goal, names = source.copy_files(version, content, here)
                copied = Version(version.kind, version.asset, properties)
                # By name: nobody says whether this signature may list.
                require_same(copied, copied.content(read_files(here, names)), content, str(self))
                properties[PLACES[version.kind]] = f"{here.address}/{goal}"
        self._arm.wait(self._arm.put(own, API_VERSION, {"properties": properties}))
        held = self.find(version.kind, version.asset)
        if held is None:
            raise CommandError(f"{self} does not have {version}, although it took it", "try again")
        require_same(held, self.content(held), content, str(self))

    def _named(self, kind: str, asset: T) -> T | AssetReference:
        if not isinstance(asset, AssetReference) or asset.id:
            return asset
        return replace(asset, id=self._asset_id(kind, asset))

    def _asset_id(self, kind: str, asset: AssetReference) -> str:
        return f"azureml://registries/{self.name}/{kind}s/{asset.name}/versions/{asset.version}"

    def _id(self, kind: str, asset: AssetReference) -> str:
        return f"{self._own}/{kind}s/{asset.name}/versions/{asset.version}"


class _Signed:
    """A container that Azure has given a signature for. `address` is its own, without the signature."""

    def __init__(self, answer: dict[str, Any], version: Version) -> None:
        """Raises CommandError for an answer without a signature."""
        from azure.storage.blob import ContainerClient

        reply = answer.get("blobReferenceForConsumption") or {}
        uri = str((reply.get("credential") or {}).get("sasUri") or "")
        if not uri:
            raise CommandError(f"Azure gave no access to the files of {version}")
        self.address = uri.partition("?")[0].rstrip("/")
        self._version = version
        self._client = ContainerClient.from_container_url(uri)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def call(self, action: "Callable[[ContainerClient], T]") -> T:
        """The result of an action. Raises AzureError, whose message has no signature."""
        from azure.core.exceptions import AzureError as ClientError
        from azure.core.exceptions import HttpResponseError, ResourceExistsError

        try:
            return action(self._client)
        except ResourceExistsError:
            raise
        except HttpResponseError as error:
            code = client_code(error) or str(error.status_code)
            message = f"the files of {self._version} at {self.address}: {code}"
            raise AzureError(message, status=error.status_code or 0, code=code) from None
        except ClientError as error:
            raise AzureError(f"{self.address} does not answer: {type(error).__name__}") from None

    def place(self, uri: str) -> str:
        """The path of a URI in the container. Raises CommandError for one that is somewhere else."""
        inside, own = without_port(uri), without_port(self.address)
        if not f"{inside}/".startswith(f"{own}/"):
            raise CommandError(f"the files of {self._version} are at {uri}, outside {self.address}")
        return unquote(inside.removeprefix(own)).strip("/")
