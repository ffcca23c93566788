"""Versions in a registry. They are immutable, and the version of a deleted one is never free again.

Sources: description 2025-12-01, RegistryModelVersions and its siblings (writes take time);
learn.microsoft.com, "Share models, components, and environments across workspaces with registries" (a name
and version that exist are an error); Azure/azureml-assets#2919 (what was deleted "cannot be recreated"). That
the files move when a version is created is our reading of `TemporaryBlobReference`.
"""

from collections.abc import Mapping, Sequence

from azml.emulator.control.arm.additions import moment
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import EarlyAction, Write
from azml.emulator.control.machinelearning.asset_registries import REGISTRY, registry_asset_id
from azml.emulator.control.machinelearning.assets import (
    AssetVersions,
    CodeVersions,
    EnvironmentVersions,
    ModelVersions,
)
from azml.emulator.control.machinelearning.registry_files import FILES, kept_files, place_in
from azml.emulator.control.storage.blobs import BlobStore

UPLOADS = "racw"
"""What may be done at the place for new files. Azure may also allow to list them: the strict side."""


class RegistryVersions(AssetVersions):
    """What the versions of all kinds of assets in a registry have in common."""

    owner = REGISTRY
    uploads = UPLOADS
    asynchronous = True

    def __init__(self, addresses: Addresses, store: ResourceStore, blobs: BlobStore, clock: Clock) -> None:
        super().__init__(addresses)
        self.store = store
        self.blobs = blobs
        self.clock = clock

    def check(self, write: Write) -> None:
        """That the version was never deleted, and that its files are in the registry's own storage."""
        super().check(write)
        parent = write.store.find(write.id.parent)
        if write.existing is None and parent and (at := section(parent.hidden, "gone").get(write.id.name)):
            message = (
                f"Asset {registry_asset_id(write.id)} was deleted at {at}, it cannot be recreated. "
                "Please try again with a different version."
            )
            raise bad_request(message, "UserError")
        if uri := write.properties.get(FILES.get(self.collection, "")):
            account = self.account(resource_id(resource_id(write.id.parent).parent), write.store)
            if place_in(account, str(uri), write.store) is None:
                message = f"'{uri}' is not in the storage of the registry: ask for a place to upload to."
                raise bad_request(message, "ValidationError")

    def refusal(self, write: Write, changed: Sequence[str]) -> ArmError:
        """A conflict, whatever the kind."""
        name = resource_id(write.id.parent).name
        return conflict(
            f"'{name}' has the version '{write.id.name}' already, with another {', '.join(changed)}."
        )

    async def settle(self, record: Record, store: ResourceStore) -> Record:
        """Move its files to where no upload can change them."""
        place = FILES.get(self.collection, "")
        uri = str(record.properties.get(place) or "")
        if not uri or record.hidden.get("kept") == uri:
            return record
        account = self.account(resource_id(resource_id(record.id.parent).parent), store)
        kept = kept_files(uri, "", account, store, self.blobs, self.addresses)
        return record.with_properties(**{place: kept}).with_hidden(kept=kept)

    def forgotten(self, record: Record) -> None:
        """Its version stays taken, as long as the registry has the asset's name."""
        if parent := self.store.find(record.id.parent):
            gone = {**section(parent.hidden, "gone"), record.id.name: moment(self.clock.wall())}
            self.store.put(parent.with_hidden(gone=gone))

    async def start_pending_upload(self, named: ResourceId, store: ResourceStore) -> Json:
        """A place for the files of a version that does not exist yet."""
        if store.find(named.text):
            raise conflict(f"Asset {registry_asset_id(named)} exists already.", "Conflict")
        return await super().start_pending_upload(named, store)

    def account(self, owner: ResourceId, store: ResourceStore) -> Record:
        """The storage account of the registry."""
        return store.get(str(store.get(owner.text).hidden["account"]))


class RegistryCodes(RegistryVersions, CodeVersions):
    """A folder of code, which components use and deployments cannot."""


class RegistryModels(RegistryVersions, ModelVersions):
    """A model's files and its type."""


class RegistryEnvironments(RegistryVersions, EnvironmentVersions):
    """An image and a conda file."""

    def early_actions(self) -> Mapping[str, EarlyAction]:
        """None: the description has no upload for them."""
        return {}
