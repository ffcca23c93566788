"""Storage accounts and their containers, as Azure Resource Manager shows them."""

import base64
import re
import secrets
from collections.abc import Mapping

from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import bad_request, conflict
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.store import SUCCEEDED, Record, ResourceStore
from azml.emulator.control.arm.types import Act, Action, ResourceType, Write
from azml.emulator.control.storage.blobs import BlobStore

ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINER = f"{ACCOUNT}/blobServices/containers"
_ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])*|\$(?:root|web|logs)")


class StorageAccounts(ResourceType):
    """`storageAccounts`. Names are globally unique."""

    name = ACCOUNT
    deleted_at_once = True
    created = 200
    computed_names = ("primaryEndpoints", "provisioningState", "primaryLocation", "statusOfPrimary")

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    def check(self, write: Write) -> None:
        """The name, which must be unique."""
        if not _ACCOUNT_NAME.fullmatch(write.id.name):
            raise bad_request(
                f"{write.id.name} is not a valid account name: 3 to 24 lower-case letters and digits.",
                "AccountNameInvalid",
            )
        other = find_account(write.id.name, write.store)
        if other and other.id.key != write.id.key:
            message = f"The storage account named {write.id.name} is already taken."
            raise conflict(message, "StorageAccountAlreadyTaken")

    def complete(self, write: Write, record: Record) -> Record:
        """Both keys."""
        kept = record.hidden.get("keys") or [_new_key(), _new_key()]
        placed = record.with_properties(primaryLocation=record.location, statusOfPrimary="available")
        return placed.with_hidden(keys=kept)

    def present(self, record: Record) -> Json:
        """The account with its addresses."""
        endpoints = {"blob": self.addresses.blob(record.id.name)}
        return super().present(record.with_properties(primaryEndpoints=endpoints))

    def actions(self) -> Mapping[str, Action]:
        """Its keys."""
        return {"listkeys": self.list_keys, "regeneratekey": self.regenerate_key}

    async def list_keys(self, act: Act) -> Json:
        """Both keys."""
        return _keys(act.record)

    async def regenerate_key(self, act: Act) -> Json:
        """A new key1 or key2, at once."""
        name = act.body.get("keyName")
        if name not in ("key1", "key2"):
            raise bad_request("keyName must be key1 or key2.")
        keys = list(act.record.hidden["keys"])
        keys[("key1", "key2").index(name)] = _new_key()
        return _keys(act.store.put(act.record.with_hidden(keys=keys)))


class BlobContainers(ResourceType):
    """`storageAccounts/blobServices/containers`: the containers of the blob service."""

    name = CONTAINER
    located = False
    deleted_at_once = True

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs

    def check(self, write: Write) -> None:
        """Name."""
        check_container_name(write.id.name)

    async def remove(self, record: Record) -> None:
        """Remove its blobs."""
        self.blobs.delete_container(record.id.key)


def new_account(named: ResourceId, location: str) -> Record:
    """An account that Azure creates by itself."""
    properties = {"provisioningState": SUCCEEDED, "primaryLocation": location, "statusOfPrimary": "available"}
    body = {"location": location, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    return Record(named, {**body, "properties": properties}, {"keys": [_new_key(), _new_key()]})


def find_account(name: str, store: ResourceStore) -> Record | None:
    """The account with a name, in any resource group."""
    found = (record for record in store.under("", ACCOUNT) if record.id.name.lower() == name.lower())
    return next(found, None)


def container_id(account: ResourceId, name: str) -> ResourceId:
    """A container's id."""
    return resource_id(f"{account.text}/blobServices/default/containers/{name}")


def ensure_container(account: ResourceId, name: str, store: ResourceStore) -> Record:
    """The container with a name, created if it does not exist."""
    named = container_id(account, name)
    body = {"properties": {"provisioningState": "Succeeded", "publicAccess": "None"}}
    canonical = ResourceId(named.text, CONTAINER, named.name, named.parent)
    return store.find(named.text) or store.put(Record(canonical, body))


def check_container_name(name: str) -> None:
    """A container's name: 3 to 63 lower-case letters, digits and single dashes."""
    if not _CONTAINER_NAME.fullmatch(name):
        message = (
            f"'{name}' is not a valid container name: 3 to 63 lower-case letters, digits, single dashes."
        )
        raise bad_request(message, "InvalidResourceName")


def _keys(record: Record) -> Json:
    return {
        "keys": [
            {"keyName": f"key{place}", "value": value, "permissions": "FULL"}
            for place, value in enumerate(record.hidden["keys"], start=1)
        ]
    }


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()
