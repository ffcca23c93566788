"""Roles, keys and blobs: rows `up-*`, on a storage account of the journey's own."""

import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from azml.azure.container import BLOB_CONTRIBUTOR
from azml.azure.http import Response
from azml.providers.azml.roles import ROLES
from tests.journeys.azure import Azure
from tests.journeys.bodies import told
from tests.journeys.truth import Assume

STORAGE_API = "2024-01-01"
ROLES_API = "2022-04-01"
IDENTITIES_API = "2024-11-30"
ROLE_MINUTES = 10.0
RULE_MINUTES = 5.0
CONTAINER = "looked"
NEW = {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*"}
BLOCK = base64.b64encode(b"00000").decode()
BLOCKS = f"<?xml version='1.0' encoding='utf-8'?><BlockList><Latest>{BLOCK}</Latest></BlockList>".encode()


def account_id(azure: Azure) -> str:
    """The account the looks have for themselves."""
    return f"{azure.group_id}/providers/Microsoft.Storage/storageAccounts/azmllook{azure.mark}"


def look_at_storage(azure: Azure, assume: Assume) -> str:
    """Make the account and look at what opens it, in order; the id of the role that was given."""
    given = ""
    with assume.about(*(f"up-{number}" for number in (1, 2, 3, 5, 8, 9))):
        blobs = make_account(azure)
        given = look_at_roles(azure, assume, f"{blobs}/{CONTAINER}")
        look_at_blobs(azure, assume, f"{blobs}/{CONTAINER}")
        look_at_identities(azure, assume)
    return given


def close_storage(azure: Azure, assume: Assume, given: str) -> None:
    """Look at what shuts the account, and delete it; `given` is a role at it."""
    with assume.about("up-6", "up-7", "up-13"):
        place = f"{_blobs(azure)}/{CONTAINER}"
        look_at_keys(azure, assume, place)
        look_at_rules(azure, assume, place)
        azure.write("DELETE", account_id(azure), None, STORAGE_API)
        left = azure.ask("GET", given, None, ROLES_API).status
        late = azure.ask("DELETE", given, None, ROLES_API)
        is_so = left == 404 and late.status in (200, 204, 404)
        assume("up-13", is_so, f"the assignment of the deleted account: {left}; its deletion: {told(late)}")


def make_account(azure: Azure) -> str:
    """Make the account with its container; its blob address, without a slash."""
    account = account_id(azure)
    body = {
        "location": azure.location,
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {},
    }
    azure.write("PUT", account, body, STORAGE_API)
    azure.write("PUT", f"{account}/blobServices/default/containers/{CONTAINER}", {}, STORAGE_API)
    return _blobs(azure)


def _blobs(azure: Azure) -> str:
    read = azure.ask("GET", account_id(azure), None, STORAGE_API).json()
    return str(read["properties"]["primaryEndpoints"]["blob"]).rstrip("/")


def look_at_roles(azure: Azure, assume: Assume, place: str) -> str:
    """Write a blob without a role, and with one; the id of the assignment."""
    account = account_id(azure)
    principal = azure.claims()["oid"]
    above = BLOB_CONTRIBUTOR in roles_of(azure, account, principal)
    bare = azure.http("PUT", f"{place}/first", NEW, b"one")
    if above and bare.status < 300:
        assume.unseen("up-1", "the identity that runs this has a data role at a scope above the account")
    else:
        assume("up-1", _code(bare) == "AuthorizationPermissionMismatch", f"without a role: {told(bare)}")
    given = _assignment(account)
    # Without a type: the principal is there.
    first = azure.write("PUT", given, _grant(azure, principal), ROLES_API)
    twin = azure.write("PUT", _assignment(account), _grant(azure, principal), ROLES_API)
    is_twin = twin.status == 409 and "RoleAssignmentExists" in told(twin)
    assume("up-3", is_twin, f"given: {told(first)}; under another name: {told(twin)}")
    honoured = azure.until(
        lambda: azure.http("PUT", f"{place}/second", NEW, b"two"),
        lambda answer: answer.status == 201,
        ROLE_MINUTES,
    )
    assume("up-2", honoured.status == 201, f"with the role: {told(honoured)}")
    return given


def look_at_blobs(azure: Azure, assume: Assume, place: str) -> None:
    """Conditions and blocks."""
    again = azure.http("PUT", f"{place}/second", NEW, b"three")
    azure.http("PUT", f"{place}/second?comp=block&blockid={BLOCK}", {}, b"four")
    listed = azure.http("PUT", f"{place}/second?comp=blocklist", {"If-None-Match": "*"}, BLOCKS)
    codes = [_code(again), _code(listed)]
    assume(
        "up-8", codes == ["BlobAlreadyExists"] * 2, f"a blob, a list of blocks: {told(again)}; {told(listed)}"
    )
    staged = azure.http("PUT", f"{place}/third?comp=block&blockid={BLOCK}", {}, b"five")
    kept = azure.http("GET", f"{place}/third?comp=blocklist&blocklisttype=uncommitted", {})
    none = azure.http("GET", f"{place}/fourth?comp=blocklist&blocklisttype=uncommitted", {})
    is_kept = staged.status == 201 and BLOCK.encode() in kept.content and none.status == 404
    assume("up-9", is_kept, f"staged: {told(staged)}, listed: {kept.status}; a blob without: {told(none)}")


def look_at_identities(azure: Azure, assume: Assume) -> None:
    """Give a role to an identity that was made a moment ago."""
    account = account_id(azure)
    place = f"{azure.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{azure.mark}"
    made = azure.write("PUT", place, {"location": azure.location}, IDENTITIES_API).json()
    body = _grant(azure, str(made["properties"]["principalId"]), principalType="ServicePrincipal")
    typed = azure.write("PUT", _assignment(account), body, ROLES_API)
    held = BLOB_CONTRIBUTOR in roles_of(azure, account, azure.claims()["oid"])
    is_so = typed.status < 300 and held
    assume(
        "up-5", is_so, f"to a new identity, with its type: {told(typed)}; to who runs this, without: {held}"
    )


def look_at_keys(azure: Azure, assume: Assume, place: str) -> None:
    """Turn shared keys off, and come with a signature made by one."""
    account = account_id(azure)
    key = azure.write("POST", f"{account}/listKeys", {}, STORAGE_API).json()["keys"][0]["value"]
    signed = f"{place}/second?{_signature(account, key)}"
    before = azure.http("GET", signed, {}, signed=True)
    azure.write("PATCH", account, {"properties": {"allowSharedKeyAccess": False}}, STORAGE_API)
    after = azure.until(
        lambda: azure.http("GET", signed, {}, signed=True), lambda answer: answer.status == 403, RULE_MINUTES
    )
    listed = azure.write("POST", f"{account}/listKeys", {}, STORAGE_API)
    is_off = _code(after) == "KeyBasedAuthenticationNotPermitted"
    is_so = before.status == 200 and is_off and listed.status == 200
    assume("up-6", is_so, f"a signature: {before.status}, then {told(after)}; listKeys: {listed.status}")


def look_at_rules(azure: Azure, assume: Assume, place: str) -> None:
    """Close the account's network."""
    account = account_id(azure)
    closed = {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}
    azure.write("PATCH", account, {"properties": closed}, STORAGE_API)
    with azure.firewall(account):
        shut = azure.until(
            lambda: azure.http("GET", f"{place}/second", {}),
            lambda answer: answer.status == 403,
            RULE_MINUTES,
        )
    assume("up-7", _code(shut) == "AuthorizationFailure", f"from outside the network: {told(shut)}")


def roles_of(azure: Azure, scope: str, principal: str) -> list[str]:
    """The roles a principal has at a scope, from above too, by their names where those are known here."""
    place = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    found = azure.ask("GET", place, None, ROLES_API, {"$filter": f"assignedTo('{principal}')"})
    ids = [str(one["properties"]["roleDefinitionId"]) for one in found.json().get("value") or []]
    names = {role: name for name, role in ROLES.items()}
    return sorted({names.get(one.rpartition("/")[2].lower(), one) for one in ids})


def _grant(azure: Azure, principal: str, **more: str) -> dict[str, Any]:
    definitions = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    role = f"{definitions}/{ROLES[BLOB_CONTRIBUTOR]}"
    return {"properties": {"roleDefinitionId": role, "principalId": principal, **more}}


def _assignment(account: str) -> str:
    return f"{account}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"


def _signature(account: str, key: str) -> str:
    until = datetime.now(UTC) + timedelta(hours=1)
    name, may = account.rpartition("/")[2], ContainerSasPermissions(read=True)
    return str(generate_container_sas(name, CONTAINER, account_key=key, permission=may, expiry=until))


def _code(answered: Response) -> str:
    return answered.headers.get("x-ms-error-code", "")
