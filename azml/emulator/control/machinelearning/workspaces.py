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
from azml.emulator.control.machinelearning.names import check_asset_name, check_workspace_name
from azml.emulator.control.storage.accounts import ACCOUNT, ensure_container, find_account
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
    """`workspaces`: made with a default datastore on a container of its own.

    A deleted one keeps its name for 14 days, unless it is deleted with `forceToPurge`. It is recovered by a
    PUT with `allowRecoverSoftDeletedWorkspace`, a property of API 2022-05-01, and comes back with its id and
    its identity, and with nothing that was in it.
    """

    name = WORKSPACE
    created = 200  # or 202, and no other: description of API 2025-12-01
    computed_names = ("workspaceId", "discoveryUrl", "mlFlowTrackingUri", "provisioningState", _RECOVER)

    def __init__(self, deleted: DeletedResources) -> None:
        self.deleted = deleted

    def check(self, write: Write) -> None:
        """Name, and the resources it stands on."""
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

    def complete(self, write: Write, record: Record) -> Record:
        """Its id, and its default datastore."""
        hidden = {"workspaceId": str(uuid.uuid4()), "keys": [secrets.token_urlsafe(32) for _ in range(2)]}
        gone = self.deleted.find(write.id.text) if write.existing is None else None
        record = record.with_hidden(**(hidden | record.hidden | (gone.record.hidden if gone else {})))
        self.deleted.drop(write.id.text)
        properties = {"friendlyName": record.id.name, "publicNetworkAccess": "Enabled", **record.properties}
        _ensure_datastore(record, write.store)
        return record.with_properties(**properties)

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
        """Whether the delete is a purge."""
        return record.with_hidden(purge=is_flagged(query, PURGE))

    def forgotten(self, record: Record) -> None:
        """Kept for 14 days. One with keys of the customer's own never is."""
        encrypted = section(record.properties, "encryption").get("status") == "Enabled"
        if not record.hidden.get("purge") and not encrypted:
            self.deleted.keep(record, KEPT_DAYS)

    def purge(self, named: ResourceId, query: Query) -> bool:
        """A delete with `forceToPurge` of one that is soft-deleted."""
        return is_flagged(query, PURGE) and self.deleted.drop(named.text)

    def actions(self) -> Mapping[str, Action]:
        """Its keys, and what there is to say of its health."""
        return {
            "listkeys": self.list_keys,
            "liststorageaccountkeys": self.list_storage_account_keys,
            "resynckeys": self.resync_keys,
            "diagnose": self.diagnose,
        }

    def pages(self, store: ResourceStore) -> list[Page]:
        """The addresses its computes would have to reach; here they reach none."""

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
        """Nothing has to be told: keys are looked up when they are needed."""
        return Changed(act.record)

    async def diagnose(self, act: Act) -> Json:
        """No findings: what a workspace stands on was checked when it was written."""
        return {"value": {name: [] for name in _DIAGNOSED}}

    async def list_keys(self, act: Act) -> Json:
        """The keys of what it stands on."""
        account = default_account(act.record, act.store)
        return {
            "userStorageKey": account.hidden["keys"][0],
            "userStorageArmId": account.id.text,
            "notebookAccessKeys": {},
        }


class Datastores(ResourceType):
    """`workspaces/datastores`. Credentials go in and come out by listSecrets alone."""

    name = DATASTORE
    located = False
    deleted_at_once = True

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    def check(self, write: Write) -> None:
        """Name."""
        check_asset_name(write.id.name, "datastore name")

    def complete(self, write: Write, record: Record) -> Record:
        """Secrets are kept apart, for as long as the credentials are of their kind."""
        properties = dict(record.properties)
        credentials = section(properties, "credentials")
        kind = credentials.get("credentialsType", "None")
        properties["credentials"] = {"credentialsType": kind}
        properties.setdefault("isDefault", record.hidden.get("default", False))
        if account := properties.get(
            "accountName"
        ):  # whoever puts back what was read sends our address along
            properties["accountName"] = str(account).removeprefix(self.addresses.account_for_ml(""))
        hidden = {name: value for name, value in record.hidden.items() if name != "secrets"}
        # Whoever reads a datastore and puts it back sends the kind of its secrets and nothing of them.
        given = section(credentials, "secrets")
        if kept := given if given.keys() - {"secretsType"} else _kept_secrets(write, kind):
            hidden["secrets"] = kept
        return Record(record.id, {**record.body, "properties": properties}, hidden)

    def present(self, record: Record) -> Json:
        """The datastore. The default one names its account so that azure-ai-ml's uploads arrive here."""
        if record.hidden.get("default"):
            name = str(record.properties["accountName"])
            record = record.with_properties(accountName=self.addresses.account_for_ml(name))
        return super().present(record)

    def actions(self) -> Mapping[str, Action]:
        """Its secrets."""
        return {"listsecrets": self.list_secrets}

    async def list_secrets(self, act: Act) -> Json:
        """What it was made with; without credentials, a signature for its container."""
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

    No source says whether Azure detaches or refuses: the strict side is taken (docs/azure-truth.md, read-8).
    """
    before = write.existing.properties.get("containerRegistry") if write.existing else None
    if before and not write.properties.get("containerRegistry"):
        message = f"containerRegistry cannot be taken from '{write.id.name}': it has {before}."
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
    """The storage account a workspace stands on."""
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
