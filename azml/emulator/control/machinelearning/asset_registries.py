"""Azure ML registries: models and environments for several workspaces, with storage of their own.

Sources: learn.microsoft.com, "Manage Azure Machine Learning registries" (names, unique in a tenant; regions,
the primary one listed among them; an account for each), "Network isolation with Azure Machine Learning
registries" (the resource group with its storage and its container registry). Here the account of the primary
region serves all regions.
"""

import re
import uuid
from collections.abc import Mapping

from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import bad_request, conflict, not_found
from azml.emulator.control.arm.ids import RESOURCE_GROUP_TYPE, ResourceId, resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.simple_types import ContainerRegistries, new_registry
from azml.emulator.control.arm.store import SUCCEEDED, Record, ResourceStore
from azml.emulator.control.arm.types import Act, Action, Changed, ResourceType, Write
from azml.emulator.control.machinelearning.registry_files import FILES, kept_files
from azml.emulator.control.machinelearning.workspaces import WORKSPACE
from azml.emulator.control.storage.accounts import ACCOUNT, CONTAINER, new_account
from azml.emulator.control.storage.blobs import BlobStore

REGISTRY = "Microsoft.MachineLearningServices/registries"
SHARED = ("models", "environments")
"""What can be imported from a workspace: azure-ai-ml's `share` knows no other."""
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}")
_ASSET = re.compile(r"azureml://registries/([^/]+)/([^/]+)/([^/]+)/versions/([^/]+)", re.IGNORECASE)
_SOURCE = re.compile(
    r"azureml://locations/[^/]+/workspaces/([^/]+)/([^/]+)/([^/]+)/versions/([^/]+)", re.IGNORECASE
)


class Registries(ResourceType):
    """`registries`: created with a resource group of its own, which goes with it."""

    name = REGISTRY

    def __init__(self, addresses: Addresses, store: ResourceStore, blobs: BlobStore) -> None:
        self.addresses = addresses
        self.store = store
        self.blobs = blobs

    def check(self, write: Write) -> None:
        """The name, which must be unique in the tenant, and the regions."""
        if not _NAME.fullmatch(write.id.name):
            message = f"The registry name '{write.id.name}' is not valid: 3 to 33 letters, digits, '_', '-'."
            raise bad_request(message, "ValidationError")
        other = find_registry(write.id.name, write.store)
        if other and other.id.key != write.id.key:
            raise conflict(f"A registry named '{write.id.name}' exists already.", "Conflict")
        listed = [_plain(region.get("location")) for region in _regions(write.properties)]
        if _plain(write.body.get("location")) not in listed:
            message = (
                f"regionDetails must include the location of the registry, {write.body.get('location')}."
            )
            raise bad_request(message, "ValidationError")

    def complete(self, write: Write, record: Record) -> Record:
        """Its storage account and its container registry."""
        if "account" not in record.hidden:
            record = self._built(record)
        return record.with_properties(
            regionDetails=[self._placed(region, record) for region in _regions(record.properties)],
            managedResourceGroup={"resourceId": record.hidden["group"]},
            discoveryUrl=f"{self.addresses.arm}/registrymanagement/v1.0/registries/{record.id.name}/discovery",
            mlFlowRegistryUri=f"azureml://{record.location}.api.azureml.ms/mlflow/v1.0{record.id.text}",
        )

    async def settle(self, record: Record, store: ResourceStore) -> Record:
        """Carry out an import, if one has begun."""
        if asked := section(record.hidden, "importing"):
            self._import(record, store.get(str(asked["source"])), str(asked["goal"]), store)
        return record.without_hidden("importing")

    async def remove(self, record: Record) -> None:
        """Remove its resource group with all files."""
        for member in self.store.family(str(record.hidden["group"])):
            if member.id.kind == CONTAINER.lower():
                self.blobs.delete_container(member.id.key)
            self.store.delete(member.id.text)

    def actions(self) -> Mapping[str, Action]:
        """The import of a version from a workspace, as by `share` of azure-ai-ml."""
        return {"import": self.import_asset}

    async def import_asset(self, act: Act) -> Changed:
        """A copy of a workspace's version, under a name that is free here."""
        asked = section(act.body, "properties")
        found = _SOURCE.fullmatch(str(asked.get("sourceAssetId")))
        if found is None or found[2].lower() not in SHARED:
            message = f"sourceAssetId '{asked.get('sourceAssetId')}' is not the id of a workspace's asset."
            raise bad_request(message, "ValidationError")
        named = (
            record for record in act.store.under("", WORKSPACE) if record.hidden["workspaceId"] == found[1]
        )
        workspace = next(named, None)
        source = workspace and act.store.find(
            f"{workspace.id.text}/{found[2]}/{found[3]}/versions/{found[4]}"
        )
        if source is None:
            raise not_found(f"There is no asset '{asked['sourceAssetId']}'.", "AssetNotFound")
        name = asked.get("destinationName") or found[3]
        version = asked.get("destinationVersion") or found[4]
        goal = f"{act.record.id.text}/{found[2].lower()}/{name}/versions/{version}"
        if act.store.find(goal):
            raise conflict(f"'{name}' has the version '{version}' already.", "Conflict")
        return Changed(act.record.with_hidden(importing={"source": source.id.text, "goal": goal}))

    def _import(self, registry: Record, source: Record, goal: str, store: ResourceStore) -> None:
        workspace, version = resource_id(source.id.parent).parent, resource_id(goal)
        properties = {**source.properties, "provisioningState": SUCCEEDED}
        if (place := FILES.get(source.id.type.split("/")[-2].lower())) and properties.get(place):
            account = store.get(str(registry.hidden["account"]))
            uri, blobs = str(properties[place]), self.blobs
            properties[place] = kept_files(uri, workspace, account, store, blobs, self.addresses)
        container = resource_id(version.parent)
        with store.database.transaction():
            if store.find(container.text) is None:
                store.put(Record(container, {"properties": {"provisioningState": SUCCEEDED}}))
            store.put(Record(version, {"properties": properties}, {"kept": properties.get(place or "")}))

    def _built(self, record: Record) -> Record:
        """The record with a resource group, an account and a container registry, which are stored."""
        subscription, own = record.id.text.split("/")[2], str(uuid.uuid4())
        name = f"azureml-rg-{record.id.name}_{own}"
        group = f"/subscriptions/{subscription}/resourceGroups/{name}"
        unique = re.sub("[^a-z0-9]", "", record.id.name.lower())[:11] + own.replace("-", "")[:13]
        location = record.body.get("location")
        placed = {"location": location, "properties": {"provisioningState": SUCCEEDED}}
        account = resource_id(f"{group}/providers/{ACCOUNT}/{unique}")
        images = resource_id(f"{group}/providers/{ContainerRegistries.name}/{unique}")
        self.store.put(Record(ResourceId(group, RESOURCE_GROUP_TYPE, name, ""), placed))
        self.store.put(new_account(account, str(location)))
        self.store.put(new_registry(Record(images, {**placed, "sku": {"name": "Premium"}})))
        return record.with_hidden(group=group, account=account.text, images=images.text)

    def _placed(self, region: Json, record: Record) -> Json:
        """A region as Azure shows it: with the ids of its resources, where it is the primary one."""
        if _plain(region.get("location")) != record.location:
            return region
        account, images = (str(record.hidden[name]) for name in ("account", "images"))
        storage = {
            "storageAccountName": resource_id(account).name,
            "storageAccountType": "Standard_LRS",
            "armResourceId": {"resourceId": account},
        }
        container = {
            "acrAccountName": resource_id(images).name,
            "acrAccountSku": "Premium",
            "armResourceId": {"resourceId": images},
        }
        return {
            **region,
            "storageAccountDetails": [{"systemCreatedStorageAccount": storage}],
            "acrDetails": [{"systemCreatedAcrAccount": container}],
        }


def find_registry(name: str, store: ResourceStore) -> Record | None:
    """The registry with a name, in any resource group."""
    found = (record for record in store.under("", REGISTRY) if record.id.name.lower() == name.lower())
    return next(found, None)


def find_registry_asset(asset_id: str, store: ResourceStore) -> Record | None:
    """The version with the id `azureml://registries/...`; None when there is none."""
    found = _ASSET.fullmatch(asset_id)
    registry = find_registry(found[1], store) if found else None
    if found is None or registry is None:
        return None
    return store.find(f"{registry.id.text}/{found[2]}/{found[3]}/versions/{found[4]}")


def registry_asset_id(version: ResourceId) -> str:
    """The id by which deployments name a version of a registry."""
    kind = version.type.split("/")[-2]
    registry, name, number = (version.part(part) for part in ("registries", kind, "versions"))
    return f"azureml://registries/{registry}/{kind}/{name}/versions/{number}"


def registry_of(version: Record | None, store: ResourceStore) -> Record | None:
    """The registry that has a version; None for a version of a workspace."""
    owner = store.find(resource_id(version.id.parent).parent) if version else None
    return owner if owner and owner.id.kind == REGISTRY.lower() else None


def regions_of(registry: Record) -> list[str]:
    """The regions from whose workspaces it can be used, in lower case without spaces."""
    return [_plain(region.get("location")) for region in _regions(registry.properties)]


def _regions(properties: Json) -> list[Json]:
    return [region for region in properties.get("regionDetails") or [] if isinstance(region, dict)]


def _plain(region: object) -> str:
    return str(region or "").lower().replace(" ", "")
