"""Key vaults: their names are globally unique, and a deleted vault keeps its name until it is purged.

Sources: models of Microsoft.KeyVault 2024-11-01; learn.microsoft.com, "Azure Key Vault soft-delete overview".
"""

import secrets
from datetime import UTC, datetime

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.deleted import Deleted, DeletedResources
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import Record
from azml.emulator.control.arm.types import ResourceType, Write

DEFAULT_DAYS = 90
_DAYS = range(7, 91)
_DELETED = "/subscriptions/{subscription}/providers/Microsoft.KeyVault"
_ONE = f"{_DELETED}/locations/{{location}}/deletedVaults/{{name}}"


class VaultKeys(ResourceType):
    """`vaults/keys`: made with the first write, and unchanged by later ones."""

    name = "Microsoft.KeyVault/vaults/keys"
    stored_only = True
    located = False
    deleted_at_once = True
    created = 200

    def complete(self, write: Write, record: Record) -> Record:
        """Its address, with the version that was made."""
        if write.existing:
            record = record.with_properties(**write.existing.properties)
        version = record.hidden.get("version") or secrets.token_hex(16)
        address = f"https://{record.id.part('vaults').lower()}.vault.azure.net/keys/{record.id.name}"
        return record.with_hidden(version=version).with_properties(
            keyUri=address, keyUriWithVersion=f"{address}/{version}"
        )


class KeyVaults(ResourceType):
    """`vaults`."""

    name = "Microsoft.KeyVault/vaults"
    stored_only = True
    deleted_at_once = True
    computed_names = ("createMode", "provisioningState")

    def __init__(self, deleted: DeletedResources) -> None:
        self.deleted = deleted

    def check(self, write: Write) -> None:
        """Its name, that the name is free, and the settings that cannot be revoked."""
        if not 3 <= len(write.id.name) <= 24:
            raise bad_request("A vault name has 3 to 24 characters.", "VaultNameNotValid")
        _check_protection(write)
        if write.existing is None:
            self._check_name(write)

    def complete(self, write: Write, record: Record) -> Record:
        """Its address, and its previous settings if it is recovered."""
        if gone := self._recovered(write):
            record = record.with_properties(**{**gone.record.properties, **record.properties})
            self.deleted.drop(gone.record.id.text)
        days = record.properties.get("softDeleteRetentionInDays", DEFAULT_DAYS)
        return record.with_properties(
            vaultUri=f"https://{record.id.name.lower()}.vault.azure.net/",
            enableSoftDelete=True,
            softDeleteRetentionInDays=days,
        )

    def forgotten(self, record: Record) -> None:
        """Keep it for the number of days that it was created with."""
        self.deleted.keep(record, float(record.properties.get("softDeleteRetentionInDays", DEFAULT_DAYS)))

    def pages(self) -> list[Page]:
        """The pages that list, show and purge deleted vaults."""
        return [
            Page("GET", f"{_DELETED}/deletedVaults", self._list),
            Page("GET", _ONE, self._get),
            Page("POST", f"{_ONE}/purge", self._purge),
        ]

    async def _list(self, question: Question) -> Answer:
        return Answer(200, {"value": [_shown(one) for one in self.deleted.of(self.name)]})

    async def _get(self, question: Question) -> Answer:
        return Answer(200, _shown(self._named(question)))

    async def _purge(self, question: Question) -> Answer:
        found = self._named(question)
        if found.record.properties.get("enablePurgeProtection"):
            raise ArmError(405, "MethodNotAllowed", 'Operation "DeletedVaultPurge" is not allowed.')
        self.deleted.drop(found.record.id.text)
        return Answer(200)

    def _named(self, question: Question) -> Deleted:
        name, location = question.parts["name"], question.parts["location"].lower().replace(" ", "")
        found = self._of_name(name)
        if found is None or found.record.location != location:
            message = f"The specified deleted vault '{name}' does not exist in '{location}'."
            raise not_found(message, "DeletedVaultNotFound")
        return found

    def _of_name(self, name: str) -> Deleted | None:
        all_of_them = self.deleted.of(self.name)
        return next((one for one in all_of_them if one.record.id.name.lower() == name.lower()), None)

    def _recovered(self, write: Write) -> Deleted | None:
        asked = str(write.properties.get("createMode", "")).lower() == "recover"
        return self.deleted.find(write.id.text) if asked and write.existing is None else None

    def _check_name(self, write: Write) -> None:
        others = write.store.under("", self.name)
        if any(other.id.name.lower() == write.id.name.lower() for other in others):
            message = f"The vault name '{write.id.name}' is already in use. Vault names are globally unique."
            raise conflict(message, "VaultAlreadyExists")
        if self._of_name(write.id.name) and not self._recovered(write):
            message = (
                "A vault with the same name already exists in deleted state. You need to either recover or "
                "purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 "
                "for more information on soft delete."
            )
            raise conflict(message, "ConflictError")


def _check_protection(write: Write) -> None:
    wanted = write.properties.get("enablePurgeProtection")
    had = bool(write.existing and write.existing.properties.get("enablePurgeProtection"))
    if wanted is False or (had and not wanted):
        message = 'The property "enablePurgeProtection" cannot be set to false: it is irreversible.'
        raise bad_request(message, "BadRequest")
    days = write.properties.get("softDeleteRetentionInDays", DEFAULT_DAYS)
    if isinstance(days, bool) or days not in _DAYS:
        message = f"softDeleteRetentionInDays is {days!r}: it must be from {_DAYS.start} to {_DAYS.stop - 1}."
        raise bad_request(message, "BadRequest")


def _shown(found: Deleted) -> Json:
    record = found.record
    subscription = record.id.part("subscriptions")
    return {
        "id": _ONE.format(subscription=subscription, location=record.location, name=record.id.name),
        "name": record.id.name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": record.id.text,
            "location": record.location,
            "deletionDate": _time(found.at),
            "scheduledPurgeDate": _time(found.until),
            "tags": record.body.get("tags", {}),
            "purgeProtectionEnabled": bool(record.properties.get("enablePurgeProtection")),
        },
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
