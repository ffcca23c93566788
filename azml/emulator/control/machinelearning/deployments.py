"""Online deployments: their rules, and the steps from a PUT to serving processes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from azml.emulator.base.secrets import NoSecrets, TestSecrets
from azml.emulator.contract.deployments import DesiredDeployment, deployment_from_json, to_json
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import Act, Action, ResourceType, Write
from azml.emulator.control.dataplane_client import WAIT, DataplaneClient, DataplaneError
from azml.emulator.control.machinelearning.collector import check_collector
from azml.emulator.control.machinelearning.deployment_assets import check_assets, find_asset, find_assets
from azml.emulator.control.machinelearning.deployment_files import file_sources, lay_out
from azml.emulator.control.machinelearning.deployment_settings import (
    TIMEOUT_LIMIT_MS,
    environment_variables,
    probe,
    request_timeout_ms,
)
from azml.emulator.control.machinelearning.endpoints import DEPLOYMENT, deployments_of
from azml.emulator.control.machinelearning.identity_roles import check_endpoint_roles
from azml.emulator.control.machinelearning.managed_networks import check_provisioned
from azml.emulator.control.machinelearning.materialise import Materialiser
from azml.emulator.control.machinelearning.names import check_kubernetes_names, check_online_name
from azml.emulator.control.machinelearning.quotas import Quotas
from azml.emulator.control.machinelearning.registry import ensure_registry
from azml.emulator.control.machinelearning.server_owned import DEPLOYMENT_PROPERTIES, users_variables, without
from azml.emulator.control.machinelearning.storage_access import check_storage_access
from azml.emulator.control.machinelearning.to_contract import to_contract
from azml.emulator.control.machinelearning.traffic import share_of
from azml.emulator.control.storage.roles import DataRoles

DEPLOYMENT_LIMIT = 20  # an endpoint
INSTANCE_LIMIT = 50  # a deployment
LOGS = {"inferenceserver": "inference-server", "storageinitializer": "storage-initializer"}
LOG_LINES = 5_000
LOG_LIMIT = 100_000


class OnlineDeployments(ResourceType):
    """`workspaces/onlineEndpoints/deployments`."""

    name = DEPLOYMENT
    asynchronous = True
    patchable = ("tags", "sku")  # API 2025-12-01: PartialMinimalTrackedResourceWithSku

    def __init__(
        self,
        dataplane: DataplaneClient,
        materialiser: Materialiser,
        quotas: Quotas,
        roles: DataRoles,
        secrets: TestSecrets,
    ) -> None:
        self.dataplane = dataplane
        self.quotas = quotas
        self.roles = roles
        self.secrets = secrets
        self.materialiser = materialiser

    def check(self, write: Write) -> None:
        """Name, limits, assets, settings, and properties that cannot change in place."""
        endpoint = write.store.get(write.id.parent)
        kind = "kubernetes" if endpoint.properties.get("compute") else "managed"
        check_online_name(write.id.name, "deployment")
        if kind == "kubernetes":
            check_kubernetes_names(endpoint.id.name, write.id.name)
        if str(write.properties.get("endpointComputeType", "")).lower() != kind:
            message = f"endpointComputeType must be {kind.capitalize()} on this endpoint."
            raise bad_request(message, "ValidationError")
        if write.existing is None and len(deployments_of(endpoint.id.text, write.store)) >= DEPLOYMENT_LIMIT:
            message = f"'{endpoint.id.name}' has {DEPLOYMENT_LIMIT} deployments, its limit."
            raise bad_request(message, "QuotaExceeded")
        _check_instances(write, kind)
        _check_settings(write.properties, kind)
        check_collector(write.properties)
        check_assets(find_assets(write.properties, write.store), write.properties)
        try:
            self.secrets.fill(environment_variables(write.properties))
        except NoSecrets as missing:
            raise bad_request(f"{missing}.", "SecretNotFound") from missing

    def complete(self, write: Write, record: Record) -> Record:
        """Members that azure-ai-ml reads without sending them, or in another case than it sends them."""
        sku = {"name": "Default", "capacity": 1, **section(record.body, "sku")}
        completed = Record(record.id, {**record.body, "sku": sku}, record.hidden)
        completed = _users_own(completed, write)
        collector = section(record.properties, "dataCollector")
        return completed.with_properties(dataCollector=_spelt(collector)) if collector else completed

    def check_delete(self, record: Record, store: ResourceStore) -> None:
        """Refused while it gets traffic."""
        share = share_of(store.get(record.id.parent), record.id.name)
        if share:
            message = f"The deployment '{record.id.name}' has {share} percent of the traffic: move it first."
            raise conflict(message, "DeploymentHasTraffic")

    async def settle(self, record: Record, store: ResourceStore) -> Record:
        """Start the desired state, and wait until it runs or fails. Until then the old state serves."""
        self.quotas.check(record)
        endpoint = store.get(record.id.parent)
        check_storage_access(endpoint, store, self.roles)
        check_endpoint_roles(endpoint, store, self.roles)
        check_provisioned(endpoint.id.parent, store)
        assets = find_assets(record.properties, store)
        if assets.needs_image:
            ensure_registry(_workspace_of(record), store)
        files = await lay_out(assets.model, assets.code, store, self.materialiser)
        desired = to_contract(record, endpoint, assets, files)
        try:
            await self.dataplane.put_deployment(desired)
            await self._wait(desired)
        except DataplaneError as error:
            raise ArmError(500, "ResourceOperationFailure", str(error)) from error
        return record.with_hidden(good=self._noted(desired), good_assets=file_sources(record))

    async def remove(self, record: Record) -> None:
        """Stop it, once the requests in progress are answered."""
        await self.dataplane.delete_deployment(record.id.key)

    def pages(self, store: ResourceStore) -> list[Page]:
        """The page that shows how many instances a deployment may have, under its one SKU."""

        async def skus(question: Question) -> Answer:
            record = store.get(question.parts["id"])
            if record.id.kind != DEPLOYMENT.lower():
                raise not_found(f"'{record.id.name}' is not a deployment.")
            capacity = {"minimum": 1, "maximum": INSTANCE_LIMIT, "default": 1, "scaleType": "Manual"}
            sku = {"name": "Default", "tier": "Standard"}
            return Answer(200, {"value": [{"resourceType": DEPLOYMENT, "sku": sku, "capacity": capacity}]})

        return [Page("GET", "{id}/skus", skus)]

    def actions(self) -> Mapping[str, Action]:
        """Its logs."""
        return {"getlogs": self.get_logs}

    async def get_logs(self, act: Act) -> Json:
        """The last lines of one of its containers."""
        asked = str(act.body.get("containerType", "InferenceServer"))
        container = LOGS.get(asked.lower())
        if container is None:
            raise bad_request("containerType must be InferenceServer or StorageInitializer.")
        tail = act.body.get("tail", LOG_LINES)
        if tail < 0:
            raise bad_request("tail must be a number of lines.")
        return {"content": await self.dataplane.logs(act.record.id.key, container, min(tail, LOG_LIMIT))}

    def last_good(self, record: Record) -> DesiredDeployment | None:
        """The state that a deployment last served; None if it never did. Raises ArmError if it is unknown."""
        good = record.hidden.get("good")
        try:
            desired = deployment_from_json(good) if good else None
        except TypeError as error:
            message = (
                f"The last state of '{record.id.name}' is of another version of the local Azure: {error}."
            )
            raise conflict(message, "ResourceNotReady") from error
        return desired and self._folders(desired, self.materialiser.found)

    async def lay_out_again(
        self, record: Record, desired: DesiredDeployment, store: ResourceStore
    ) -> DesiredDeployment:
        """The state that it last served, with its folders restored if they are gone. Raises ArmError."""
        if all(folder is None or folder.is_dir() for folder in (desired.model_folder, desired.code_folder)):
            return desired
        named = record.hidden.get("good_assets") or file_sources(record)
        model, code = (find_asset(named[name], f"{name}s", store) for name in ("model", "code"))
        files = await lay_out(model, code, store, self.materialiser)
        return replace(desired, model_folder=files.model, code_folder=files.code)

    def _noted(self, desired: DesiredDeployment) -> Json:
        return to_json(self._folders(desired, self.materialiser.noted))

    def _folders(
        self, desired: DesiredDeployment, change: Callable[[Path | None], Path | None]
    ) -> DesiredDeployment:
        model, code = change(desired.model_folder), change(desired.code_folder)
        return replace(desired, model_folder=model, code_folder=code)

    async def _wait(self, desired: DesiredDeployment) -> None:
        while True:
            observed = await self.dataplane.observe(desired.key, wait=WAIT)
            if observed is None:  # the data plane was restarted and does not know it yet
                await self.dataplane.put_deployment(desired)
            elif observed.state == "ready":
                return
            elif observed.state == "failed":
                raise ArmError(400, "ResourceNotReady", f"The deployment is not ready: {observed.error}")


def _users_own(record: Record, write: Write) -> Record:
    """Without Azure's additions to the deployment, which a client may have read and sent back."""
    properties = record.properties
    before = [write.existing.properties] if write.existing else []
    kept = {
        "environmentVariables": users_variables(properties, *before, store=write.store),
        "properties": without(section(properties, "properties"), DEPLOYMENT_PROPERTIES),
    }
    return record.with_properties(**kept)


def _workspace_of(record: Record) -> str:
    return resource_id(resource_id(record.id.parent).parent).text


def endpoint_of(record: Record) -> str:
    """A deployment's endpoint."""
    return resource_id(record.id.parent).text


def _spelt(collector: Json) -> Json:
    """A data collector whose modes have Azure's case: clients send `enabled` and expect `Enabled`."""
    collections = {
        name: {
            **collection,
            "dataCollectionMode": str(collection.get("dataCollectionMode", "Disabled")).capitalize(),
        }
        for name, collection in section(collector, "collections").items()
        if isinstance(collection, dict)
    }
    return {**collector, "collections": collections}


def _check_instances(write: Write, kind: str) -> None:
    capacity = section(write.body, "sku").get("capacity", 1)
    if not 1 <= capacity <= INSTANCE_LIMIT:
        message = f"sku.capacity is {capacity!r}: a deployment can have 1 to {INSTANCE_LIMIT} instances."
        raise bad_request(message, "InvalidInstanceCount")
    wanted = str(write.properties.get("instanceType", ""))
    if kind == "managed" and not wanted:
        raise bad_request("properties.instanceType is missing.", "ValidationError")
    old = str(write.existing.properties.get("instanceType", "")) if write.existing else wanted
    if old.lower() != wanted.lower():
        message = f"instanceType cannot change from {old} to {wanted} in place; recreate the deployment."
        raise bad_request(message, "InstanceTypeImmutable")


def _check_settings(properties: Json, kind: str) -> None:
    timeout, limit = request_timeout_ms(properties), TIMEOUT_LIMIT_MS[kind]
    if not 0 < timeout <= limit:
        message = f"requestSettings.requestTimeout is {timeout} ms: it must be from 1 to {limit} ms."
        raise bad_request(message, "ValidationError")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe(properties, name)
    for name, value in section(properties, "environmentVariables").items():
        if not name or set(name) & set("=\0") or "\0" in str(value):
            raise bad_request(f"{name!r} is not a valid name of an environment variable.", "ValidationError")
