"""The setting `customerManagedKey` of the workspace: the key with which Azure encrypts what it keeps for it.

Source: learn.microsoft.com, "Customer-managed keys for Azure Machine Learning" (the vault needs soft delete
and purge protection; a workspace has such a key from its creation on, or never).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from azml.findings import NOWHERE, Finding, Place
from azml.rules import arm_ids
from azml.stack.facts import Fact
from azml.stack.sections.section import Section

_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
_URI = re.compile(r"https://[a-z0-9-]+\.[a-z0-9.-]+/keys/[A-Za-z0-9-]{1,127}/[0-9a-f]{32}", re.IGNORECASE)
_VAULT = arm_ids(r"/providers/Microsoft\.KeyVault/vaults/[^/]+")


@dataclass(frozen=True)
class CustomerKey:
    """A key to create in the stack's key vault (`name`), or an existing one by its URI and its vault's id."""

    name: str | None
    uri: str | None = None
    vault_id: str | None = None
    place: Place = NOWHERE


def read_customer_key(
    section: Section, *, protected: bool, own_vault: bool, user: bool
) -> CustomerKey | None:
    """The key; `protected` says whether the stack's vault has purge protection, `own_vault` whether it is
    the stack's, `user` whether the workspace has a user-assigned identity.
    """
    if section.get("customerManagedKey") is None:
        return None
    own = section.section("customerManagedKey", "{name: cmk-azml}")
    name, uri, vault = own.text("name"), own.text("uri"), own.text("vault")
    if (name is None) == (uri is None) or (uri is None) != (vault is None):
        remedy = "write name (a key to create), or uri and vault (a key that exists)"
        section.fault("customerManagedKey", "does not name one key", remedy)
    if name is not None and not _NAME.fullmatch(name):
        own.fault("name", f"{name!r} is refused by Azure", "1 to 127 letters, digits and dashes")
    if uri is not None and not _URI.fullmatch(uri):
        remedy = "write the key's identifier with its version: https://VAULT.vault.azure.net/keys/KEY/VERSION"
        own.fault("uri", f"{uri!r} is not a version of a key", remedy)
    if vault is not None and not _VAULT.fullmatch(vault):
        own.fault("vault", f"{vault!r} is not the id of a key vault", "write its ARM id")
    if name is not None and not own_vault:
        remedy = "name an existing key by uri and vault"
        own.fault("name", "would be created in a key vault that is not the stack's", remedy)
    elif name is not None and not protected:
        remedy = "add purgeProtection: true, which cannot be undone"
        own.fault("name", "needs a key vault with purge protection", remedy)
    if not user:
        remedy = "add identity to azml:workspace, which gets a role at the key vault first"
        section.fault("customerManagedKey", "needs a user-assigned identity of the workspace", remedy)
    own.finish()
    return CustomerKey(name, uri, vault, section.faults.place(section.path("customerManagedKey")))


def key_changes(wanted: CustomerKey | None, live: Fact | None) -> Iterator[Finding]:
    """A finding where an existing workspace would get such a key, or lose it."""
    if live is None:
        return
    encryption = live.properties.get("encryption")
    enabled = isinstance(encryption, dict) and str(encryption.get("status")).lower() == "enabled"
    if wanted and not enabled:
        message = "is set, and the workspace was created without such a key"
        yield Finding(message, "give the workspace another name, which creates a new one", *wanted.place)
