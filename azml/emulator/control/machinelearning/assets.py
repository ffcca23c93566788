"""Models, code, data and environments: containers, and their immutable versions."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import SUCCEEDED, Record, ResourceStore
from azml.emulator.control.arm.types import EarlyAction, Query, ResourceType, Write
from azml.emulator.control.machinelearning.names import check_asset_name
from azml.emulator.control.machinelearning.registry_files import new_container_name
from azml.emulator.control.machinelearning.workspaces import WORKSPACE, default_account
from azml.emulator.control.storage.accounts import ensure_container
from azml.emulator.control.storage.signatures import container_sas

MODEL_TYPES = ("custom_model", "mlflow_model", "triton_model")
APART = (("image", "build"), ("condaFile", "build"), ("condaFile", "inferenceConfig"))
"""Members that exclude each other. An image with an inferenceConfig has a server of its own."""
UPLOAD_LIFETIME = timedelta(hours=24)


class AssetContainers(ResourceType):
    """`{models,codes,environments}` of a workspace or a registry: a name and the versions under it."""

    located = False
    deleted_at_once = True
    computed_names = ("latestVersion", "nextVersion", "provisioningState")

    def __init__(self, collection: str, store: ResourceStore, owner: str = WORKSPACE) -> None:
        self.name = f"{owner}/{collection}"
        self.store = store

    def check(self, write: Write) -> None:
        """Name."""
        check_asset_name(write.id.name, "name")

    def present(self, record: Record) -> Json:
        """The container with its latest version (the one created last) and the next free number."""
        versions = self.store.under(record.id.text, f"{self.name}/versions")
        numbers = [int(found.id.name) for found in versions if found.id.name.isdigit()]
        computed = {"nextVersion": str(max(numbers, default=0) + 1)}
        if versions:
            computed["latestVersion"] = versions[-1].id.name
        return super().present(record.with_properties(**computed))

    def select(self, found: Sequence[Record], query: Query, asked: str) -> Sequence[Record]:
        """Without archived containers, unless the query asks for them."""
        return super().select(_listed(found, query), query, asked)


class AssetVersions(ResourceType):
    """`.../versions` of one kind of asset. `fixed` are the properties that define the version.

    `owner` is the type that has the assets, `collection` their segment in an id.
    """

    owner = WORKSPACE
    collection = ""
    located = False
    deleted_at_once = True
    fixed: tuple[str, ...] = ()
    uploads = "racwl"
    """What may be done at the place for new files: letters of a shared access signature."""

    def __init__(self, addresses: Addresses) -> None:
        self.name = f"{self.owner}/{self.collection}/versions"
        self.addresses = addresses

    def check(self, write: Write) -> None:
        """Names, and that an existing version does not change."""
        check_asset_name(resource_id(write.id.parent).name, "name")
        check_asset_name(write.id.name, "version")
        self.check_content(write.properties)
        old = write.existing.properties if write.existing else None
        changed = [
            name
            for name in self.fixed_in(write.properties)
            if old is not None and old.get(name) != write.properties.get(name)
        ]
        if changed:
            raise self.refusal(write, changed)

    def fixed_in(self, properties: Json) -> Sequence[str]:
        """The properties that a write with these properties may not change."""
        return self.fixed

    def check_content(self, properties: Json) -> None:
        """Raise ArmError 400 when the version could not be used."""

    def refusal(self, write: Write, changed: Sequence[str]) -> ArmError:
        """The error for a write that would change the version. azure-ai-ml looks for exactly this message."""
        return bad_request("Asset paths cannot be updated.", "UserError")

    def complete(self, write: Write, record: Record) -> Record:
        """The container is created with its first version."""
        parent = resource_id(write.id.parent)
        if write.store.find(parent.text) is None:
            kind = f"{self.owner}/{self.collection}"
            canonical = ResourceId(parent.text, kind, parent.name, parent.parent)
            body = {"properties": {"provisioningState": SUCCEEDED, "isArchived": False}}
            write.store.put(Record(canonical, body))
        return record

    def select(self, found: Sequence[Record], query: Query, asked: str) -> Sequence[Record]:
        """As the query asks: newest first, only those of one hash, archived ones too."""
        if wanted := query.get("hash"):
            found = [
                record
                for record in found
                if section(record.properties, "properties").get("hash_sha256") == wanted
            ]
        if "createdtime desc" in query.get("$orderBy", "").lower():
            found = found[::-1]
        return super().select(_listed(found, query), query, asked)

    def early_actions(self) -> Mapping[str, EarlyAction]:
        """A place to upload the files of a new version."""
        return {"startpendingupload": self.start_pending_upload}

    async def start_pending_upload(self, named: ResourceId, store: ResourceStore) -> Json:
        """A separate container for the files of a new version, and a signature for access to it."""
        account = self.account(resource_id(resource_id(named.parent).parent), store)
        container = ensure_container(account.id, new_container_name(), store)
        return {
            "blobReferenceForConsumption": blob_reference(container, account, self.uploads, self.addresses),
            "pendingUploadType": "TemporaryBlobReference",
        }

    def account(self, owner: ResourceId, store: ResourceStore) -> Record:
        """The storage account in which the files of new versions are put."""
        return default_account(store.get(owner.text), store)


class CodeVersions(AssetVersions):
    """A folder of code."""

    collection = "codes"
    fixed = ("codeUri",)

    def scope(self, asked: str, query: Query) -> str:
        """A hash is looked up in the whole workspace: azure-ai-ml asks under a newly generated name."""
        return resource_id(asked).parent if query.get("hash") else asked

    def check_content(self, properties: Json) -> None:
        """It must say where its files are."""
        _require(properties, "codeUri")


class ModelVersions(AssetVersions):
    """A model's files and its type."""

    collection = "models"
    fixed = ("modelUri", "modelType")

    def fixed_in(self, properties: Json) -> Sequence[str]:
        """A model created by a deployment is named after its files: the deployment determines its type."""
        return ("modelUri",) if properties.get("isAnonymous") else self.fixed

    def check_content(self, properties: Json) -> None:
        """It must say where its files are and which type they have."""
        _require(properties, "modelUri")
        kind = properties.get("modelType", "custom_model")
        if kind not in MODEL_TYPES:
            message = f"modelType '{kind}' is not one of {', '.join(MODEL_TYPES)}."
            raise bad_request(message, "ValidationError")

    def complete(self, write: Write, record: Record) -> Record:
        """azure-ai-ml cannot read a model without flavors."""
        completed = super().complete(write, record)
        return completed.with_properties(flavors=completed.properties.get("flavors", {}))


class DataVersions(AssetVersions):
    """The location of data: azure-ai-ml registers one for each collection of the data collector."""

    collection = "data"
    fixed = ("dataUri", "dataType")

    def check_content(self, properties: Json) -> None:
        """It must say where the data is."""
        _require(properties, "dataUri")


class EnvironmentVersions(AssetVersions):
    """An image and a conda file."""

    collection = "environments"
    fixed = ("image", "condaFile", "build", "osType", "inferenceConfig")

    def check_content(self, properties: Json) -> None:
        """It must have an image or a build context, and a conda file only where Azure builds on the image."""
        if not ({"image", "build"} & set(properties)):
            raise bad_request("An environment version needs image or build.", "ValidationError")
        for one, other in APART:
            if properties.get(one) and properties.get(other):
                message = f"An environment version cannot have both {one} and {other}: leave one of them out."
                raise bad_request(message, "ValidationError")

    def refusal(self, write: Write, changed: Sequence[str]) -> ArmError:
        """A conflict, after which azure-ai-ml uses the next version instead."""
        name = resource_id(write.id.parent).name
        found = f"Environment {name}:{write.id.name} already exists"
        return conflict(f"{found} with another {', '.join(changed)}.")


def blob_reference(container: Record, account: Record, permissions: str, addresses: Addresses) -> Json:
    """A container with a signature that gives these permissions in it for a time."""
    name, key = account.id.name, account.hidden["keys"][0]
    uri = f"{addresses.blob(name)}{container.id.name}"
    sas = container_sas(name, container.id.name, key, permissions, UPLOAD_LIFETIME)
    return {
        "blobUri": uri,
        "storageAccountArmId": account.id.text,
        "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{sas}"},
    }


def _require(properties: Json, name: str) -> None:
    if not properties.get(name):
        raise bad_request(f"properties.{name} is missing.", "ValidationError")


def _listed(found: Sequence[Record], query: Query) -> Sequence[Record]:
    view = query.get("listViewType", "ActiveOnly")
    archived = {"ActiveOnly": (False,), "ArchivedOnly": (True,)}.get(view, (False, True))
    return [record for record in found if bool(record.properties.get("isArchived")) in archived]
