"""Workspaces and their datastores."""

import secrets
import uuid
from collections.abc import Mapping
from datetime import timedelta

from azml.emulator.control.arm.addresses import STORAGE_SUFFIX, Addresses
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.deleted import KEPT_DAYS, DeletedResources
from azml.emulator.control.arm.errors import bad_request, not_found
from azml.emulator.control.arm.ids import ResourceId
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import SUCCEEDED, Record, ResourceStore
from azml.emulator.control.arm.types import Act, Action, Changed, Query, ResourceType, Write, is_flagged
from azml.emulator.control.machinelearning.encryption import check_encryption, check_key_role, is_encrypted
from azml.emulator.control.machinelearning.identity_roles import check_workspace_roles
from azml.emulator.control.machinelearning.managed_networks import (
    check_managed_network,
    completed_network,
    provisioned,
)
from azml.emulator.control.machinelearning.names import check_asset_name, check_workspace_name
from azml.emulator.control.storage.accounts import ACCOUNT, ensure_container, find_account
from azml.emulator.control.storage.roles import DataRoles
from azml.emulator.control.storage.signatures import container_sas

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
DATASTORE = f"{WORKSPACE}/datastores"
DEFAULT_DATASTORE = "workspaceblobstore"
SAS_LIFETIME = timedelta(hours=8)
PURGE = "forceToPurge"
_RECOVER = "allowRecoverSoftDeletedWorkspace"
_DIAGNOSED = (
    "applicationInsightsResults",
    "containerRegistryResults",
    "dnsResolutionResults",
    "keyVaultResults",
    "networkSecurityRuleResults",
    "otherResults",
    "resourceLockResults",
    "storageAccountResults",
    "userDefinedRouteResults",
)
_OUTBOUND = {
    "Azure Active Directory": ("login.microsoftonline.com",),
    "Azure portal": ("management.azure.com",),
    "Azure Machine Learning": ("*.api.azureml.ms", "*.inference.ml.azure.com"),
    "Microsoft Container Registry": ("mcr.microsoft.com",),
}
_NEEDED = ("storageAccount", "keyVault")
_NAMED = {
    "storageAccount": ACCOUNT,
    "keyVault": "Microsoft.KeyVault/vaults",
    "applicationInsights": "Microsoft.Insights/components",
    "containerRegistry": "Microsoft.ContainerRegistry/registries",
}


class Workspaces(ResourceType):
    """`workspaces`: created with a default datastore on a container of its own.

    A deleted one keeps its name for 14 days, unless it is deleted with `forceToPurge`. A PUT with
    `allowRecoverSoftDeletedWorkspace`, a property of API 2022-05-01, recovers it with its id and its
    identity, but without its contents.
    """

    name = WORKSPACE
    created = 200  # or 202, and nothing else: description of API 2025-12-01
    computed_names = ("workspaceId", "discoveryUrl", "mlFlowTrackingUri", "provisioningState", _RECOVER)

    def __init__(self, deleted: DeletedResources, roles: DataRoles) -> None:
        self.deleted = deleted
        self.roles = roles

    def check(self, write: Write) -> None:
        """Name, and the resources it depends on."""
        check_workspace_name(write.id.name)
        if write.existing is None and self.deleted.find(write.id.text) and not _recovers(write):
            message = "Soft-deleted workspace exists. Please purge or recover it. https://aka.ms/wsoftdelete"
            raise bad_request(message)
        properties = write.properties
        if str(write.body.get("kind", "Default")).lower() in ("default", "hub"):
            missing = [name for name in _NEEDED if not properties.get(name)]
            if missing:
                message = f"Missing dependent resources in workspace json: {', '.join(missing)}."
                raise bad_request(message, "ValidationError")
        for name, kind in _NAMED.items():
            found = write.store.find(str(properties[name])) if properties.get(name) else None
            if properties.get(name) and (found is None or found.id.kind != kind.lower()):
                message = f"{name} '{properties[name]}' does not exist."
                raise bad_request(message, "ValidationError")
        _check_registry(write)
        check_managed_network(write)
        check_encryption(write)

    def complete(self, write: Write, record: Record) -> Record:
        """Its id, and its default datastore, once its identity may use what it depends on."""
        check_workspace_roles(record, write.store, self.roles)
        check_key_role(record, write.store, self.roles)
        hidden = {"workspaceId": str(uuid.uuid4()), "keys": [secrets.token_urlsafe(32) for _ in range(2)]}
        gone = self.deleted.find(write.id.text) if write.existing is None else None
        record = record.with_hidden(**(hidden | record.hidden | (gone.record.hidden if gone else {})))
        self.deleted.drop(write.id.text)
        properties = {"friendlyName": record.id.name, "publicNetworkAccess": "Enabled", **record.properties}
        _ensure_datastore(record, write.store)
        return completed_network(write, record.with_properties(**properties))

    def present(self, record: Record) -> Json:
        """The workspace with what Azure computes."""
        region = record.location
        host = f"{region}.api.azureml.ms"
        return super().present(
            record.with_properties(
                workspaceId=record.hidden["workspaceId"],
                discoveryUrl=f"https://{host}/discovery",
                mlFlowTrackingUri=f"azureml://{host}/mlflow/v1.0{record.id.text}",
            )
        )

    def marked(self, record: Record, query: Query) -> Record:
        """Record whether the delete is a purge."""
        return record.with_hidden(purge=is_flagged(query, PURGE))

    def forgotten(self, record: Record) -> None:
        """Keep it for 14 days. One with customer-managed keys is never kept."""
        if not record.hidden.get("purge") and not is_encrypted(record.properties):
            self.deleted.keep(record, KEPT_DAYS)

    def purge(self, named: ResourceId, query: Query) -> bool:
        """Delete with `forceToPurge` a workspace that is soft-deleted."""
        return is_flagged(query, PURGE) and self.deleted.drop(named.text)

    def actions(self) -> Mapping[str, Action]:
        """Its keys, and a diagnosis."""
        return {
            "listkeys": self.list_keys,
            "liststorageaccountkeys": self.list_storage_account_keys,
            "resynckeys": self.resync_keys,
            "diagnose": self.diagnose,
            "provisionmanagednetwork": self.provision,
        }

    def pages(self, store: ResourceStore) -> list[Page]:
        """The page of the addresses that its computes must reach; here they use none of them."""

        async def outbound(question: Question) -> Answer:
            record = store.get(question.parts["id"])
            if record.id.kind != WORKSPACE.lower():
                raise not_found(f"'{record.id.name}' is not a workspace.")
            return Answer(200, {"value": [_reached(*one) for one in _OUTBOUND.items()]})

        return [Page("GET", "{id}/outboundNetworkDependenciesEndpoints", outbound)]

    async def list_storage_account_keys(self, act: Act) -> Json:
        """The key of its storage account."""
        return {"userStorageKey": default_account(act.record, act.store).hidden["keys"][0]}

    async def resync_keys(self, act: Act) -> Changed:
        """Nothing to do: keys are looked up when they are needed."""
        return Changed(act.record)

    async def diagnose(self, act: Act) -> Json:
        """No findings: the resources a workspace depends on were checked when it was written."""
        return {"value": {name: [] for name in _DIAGNOSED}}

    async def provision(self, act: Act) -> Changed:
        """Provision its managed network."""
        if not section(act.record.properties, "managedNetwork"):
            raise bad_request(f"'{act.record.id.name}' has no managed network.", "ValidationError")
        return Changed(provisioned(act.record))

    async def list_keys(self, act: Act) -> Json:
        """The keys of the resources it depends on."""
        account = default_account(act.record, act.store)
        return {
            "userStorageKey": account.hidden["keys"][0],
            "userStorageArmId": account.id.text,
            "notebookAccessKeys": {},
        }


class Datastores(ResourceType):
    """`workspaces/datastores`. Credentials are returned only by listSecrets."""

    name = DATASTORE
    located = False
    deleted_at_once = True

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    def check(self, write: Write) -> None:
        """Name."""
        check_asset_name(write.id.name, "datastore name")

    def complete(self, write: Write, record: Record) -> Record:
        """Secrets are stored separately, as long as the credentials keep their kind."""
        properties = dict(record.properties)
        credentials = section(properties, "credentials")
        kind = credentials.get("credentialsType", "None")
        properties["credentials"] = {"credentialsType": kind}
        properties.setdefault("isDefault", record.hidden.get("default", False))
        if account := properties.get(
            "accountName"
        ):  # clients that write back what they read send our address
            properties["accountName"] = str(account).removeprefix(self.addresses.account_for_ml(""))
        hidden = {name: value for name, value in record.hidden.items() if name != "secrets"}
        # Clients that write back a datastore send the kind of its secrets without the secrets.
        given = section(credentials, "secrets")
        if kept := given if given.keys() - {"secretsType"} else _kept_secrets(write, kind):
            hidden["secrets"] = kept
        return Record(record.id, {**record.body, "properties": properties}, hidden)

    def present(self, record: Record) -> Json:
        """The datastore. The default one's account name directs azure-ai-ml's uploads here."""
        if record.hidden.get("default"):
            name = str(record.properties["accountName"])
            record = record.with_properties(accountName=self.addresses.account_for_ml(name))
        return super().present(record)

    def actions(self) -> Mapping[str, Action]:
        """Its secrets."""
        return {"listsecrets": self.list_secrets}

    async def list_secrets(self, act: Act) -> Json:
        """The secrets it was created with; without credentials, a signature for its container."""
        if kept := act.record.hidden.get("secrets"):
            return dict(kept)
        properties = act.record.properties
        account = find_account(str(properties.get("accountName", "")), act.store)
        if account is None:
            raise not_found(f"The storage account of datastore '{act.record.id.name}' was not found.")
        key = account.hidden["keys"][0]
        container = str(properties.get("containerName", ""))
        sas = container_sas(account.id.name, container, key, "racwdl", SAS_LIFETIME)
        return {"secretsType": "Sas", "sasToken": sas}


def _check_registry(write: Write) -> None:
    """A PUT without the registry Azure gave the workspace would detach its images.

    No source says whether Azure detaches or refuses: refusing is the stricter (docs/azure-truth.md, read-8).
    """
    before = write.existing.properties.get("containerRegistry") if write.existing else None
    if before and not write.properties.get("containerRegistry"):
        message = f"containerRegistry cannot be removed from '{write.id.name}': it has {before}."
        raise bad_request(message, "ValidationError")


def _reached(category: str, domains: tuple[str, ...]) -> Json:
    endpoints = [{"domainName": domain, "endpointDetails": [{"port": 443}]} for domain in domains]
    return {"properties": {"category": category, "endpoints": endpoints}}


def _recovers(write: Write) -> bool:
    return str(write.properties.get(_RECOVER)).lower() == "true"


def _kept_secrets(write: Write, kind: str) -> Json:
    if write.existing is None:
        return {}
    before = section(write.existing.properties, "credentials").get("credentialsType")
    return section(write.existing.hidden, "secrets") if kind == before else {}


def default_account(workspace: Record, store: ResourceStore) -> Record:
    """The storage account that a workspace uses."""
    return store.get(str(workspace.properties.get("storageAccount", "")))


def _ensure_datastore(workspace: Record, store: ResourceStore) -> None:
    account = store.find(str(workspace.properties.get("storageAccount", "")))
    text = f"{workspace.id.text}/datastores/{DEFAULT_DATASTORE}"
    if account is None or store.find(text):
        return
    container = ensure_container(account.id, f"azureml-blobstore-{workspace.hidden['workspaceId']}", store)
    properties = {
        "datastoreType": "AzureBlob",
        "accountName": account.id.name,
        "containerName": container.id.name,
        "endpoint": STORAGE_SUFFIX,
        "protocol": "https",
        "isDefault": True,
        "credentials": {"credentialsType": "AccountKey"},
        "provisioningState": SUCCEEDED,
    }
    named = ResourceId(text, DATASTORE, DEFAULT_DATASTORE, workspace.id.text)
    store.put(Record(named, {"properties": properties}, {"default": True}))
