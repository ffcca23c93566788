"""Assembles the parts of the control plane over one folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.identity import Identity
from azml.emulator.base.secrets import TestSecrets, secrets_file
from azml.emulator.control.arm.activity import ActivityLog
from azml.emulator.control.arm.additions import Additions, Reading
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.application_insights import ApplicationInsights
from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.deleted import DeletedResources
from azml.emulator.control.arm.diagnostic_settings import DiagnosticSettings
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.good_copy import GoodCopy, ensure_sound
from azml.emulator.control.arm.loganalytics import LogAnalytics
from azml.emulator.control.arm.networks import network_types
from azml.emulator.control.arm.operations import Operations, operation_path
from azml.emulator.control.arm.pages import Pages
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.simple_types import stored_types
from azml.emulator.control.arm.steering import Steering
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import ResourceType, Types
from azml.emulator.control.arm.vaults import KeyVaults, VaultKeys
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.http.faults import Faults
from azml.emulator.control.http.ingestion import Ingestion
from azml.emulator.control.http.journal import Journal
from azml.emulator.control.http.login import Login
from azml.emulator.control.http.management import Management
from azml.emulator.control.http.policy_tokens import PolicyTokens
from azml.emulator.control.machinelearning.added_on_read import ADDED_ON_READ
from azml.emulator.control.machinelearning.asset_registries import REGISTRY, Registries
from azml.emulator.control.machinelearning.assets import (
    AssetContainers,
    CodeVersions,
    DataVersions,
    EnvironmentVersions,
    ModelVersions,
)
from azml.emulator.control.machinelearning.collected_data import CollectedData
from azml.emulator.control.machinelearning.deployments import OnlineDeployments
from azml.emulator.control.machinelearning.endpoints import DEPLOYMENT, OnlineEndpoints
from azml.emulator.control.machinelearning.materialise import Materialiser
from azml.emulator.control.machinelearning.quotas import Quotas
from azml.emulator.control.machinelearning.registry_assets import (
    RegistryCodes,
    RegistryEnvironments,
    RegistryModels,
)
from azml.emulator.control.machinelearning.workspaces import Datastores, Workspaces
from azml.emulator.control.monitor.alert_pages import AlertPages
from azml.emulator.control.monitor.alert_rules import ActionGroups, MetricAlerts
from azml.emulator.control.monitor.alerts import Alerts
from azml.emulator.control.monitor.application_logs import ApplicationLogs
from azml.emulator.control.monitor.autoscale import Autoscale
from azml.emulator.control.monitor.log_queries import LogQueries
from azml.emulator.control.monitor.monitor import Monitor
from azml.emulator.control.monitor.scale_settings import AutoscaleSettings
from azml.emulator.control.monitor.telemetry import Telemetry
from azml.emulator.control.monitor.utilisation import TargetUtilisation
from azml.emulator.control.monitor.watch import Watch
from azml.emulator.control.monitor.workbooks import Workbooks
from azml.emulator.control.server.registry_plane import RegistryPlane
from azml.emulator.control.server.restore import Restore
from azml.emulator.control.storage.accounts import BlobContainers, StorageAccounts
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.control.storage.roles import DataRoles
from azml.emulator.control.storage.verbs import BlobService


@dataclass(frozen=True)
class ControlParts:
    """Everything behind the control plane's routes."""

    database: Database
    copy: GoodCopy
    service: ResourceManager
    management: Management
    blobs: BlobService
    login: Login
    registries: RegistryPlane
    restore: Restore
    ingest: CollectedData
    ingestion: Ingestion
    dataplane: DataplaneClient
    deleted: DeletedResources
    policies: PolicyTokens
    watch: Watch
    queries: LogQueries


def assemble(
    folder: Path, addresses: Addresses, identity: Identity, dataplane: DataplaneClient
) -> ControlParts:
    """Assemble the parts over a folder. Model and code folders that no deployment needs are removed."""
    store_file = folder / "azure.db"
    ensure_sound(store_file, was_there=(folder / "blobs").exists())
    database = Database(store_file)
    store = ResourceStore(database)
    blobs = BlobStore(database, folder / "blobs")
    materialiser = Materialiser(folder / "laid-out", blobs)
    endpoints = OnlineEndpoints(addresses, identity, dataplane)
    quotas = Quotas(database, store)
    clock = Clock()
    steering = Steering(clock)
    roles = DataRoles(store, steering)
    secrets = TestSecrets(secrets_file(folder))
    deployments = OnlineDeployments(dataplane, materialiser, quotas, roles, secrets, addresses)
    deleted = DeletedResources(database, clock)
    activity = ActivityLog(database, clock)
    vaults, logs = KeyVaults(deleted), LogAnalytics(deleted)
    supporting = supporting_types(addresses, store, blobs, clock)
    workspaces = Workspaces(deleted, roles)
    types = Types([*supporting, vaults, logs, workspaces, endpoints, deployments])
    reading = Reading(store, lambda id_text: f"{addresses.arm}{operation_path(id_text)}")
    additions = Additions(ADDED_ON_READ, reading)
    service = ResourceManager(store, Operations(database), types, steering, additions, activity)
    policies = PolicyTokens(clock)
    telemetry = Telemetry(store)
    queries = LogQueries(store, dataplane, clock, ApplicationLogs(store, telemetry))
    plane = RegistryPlane(addresses, identity, store)
    paged = (vaults, logs, activity, policies, quotas, AlertPages(store), queries)
    below = (workspaces, deployments, plane)
    pages = Pages(
        [
            *(page for one in paged for page in one.pages()),
            *(page for one in below for page in one.pages(store)),
        ]
    )
    faults = Faults()
    _sweep(store, materialiser, deployments)
    return ControlParts(
        database=database,
        copy=GoodCopy(database, store_file),
        service=service,
        management=Management(
            service,
            addresses,
            identity,
            Journal(database),
            faults,
            policies,
            Monitor(store, dataplane),
            pages,
        ),
        blobs=BlobService(store, blobs, identity, roles, faults.meet),
        login=Login(addresses, identity),
        registries=plane,
        restore=Restore(service, dataplane, endpoints, deployments),
        ingest=CollectedData(folder / "collected", store, blobs, addresses),
        ingestion=Ingestion(telemetry),
        dataplane=dataplane,
        deleted=deleted,
        policies=policies,
        watch=Watch(clock, dataplane, (Alerts(store), Autoscale(service), TargetUtilisation(service))),
        queries=queries,
    )


def supporting_types(
    addresses: Addresses, store: ResourceStore, blobs: BlobStore, clock: Clock
) -> Iterable[ResourceType]:
    """All resource types but endpoints, deployments and those that keep their names after deletion."""
    in_registries = (RegistryModels, RegistryCodes, RegistryEnvironments)
    return (
        *stored_types(),
        ApplicationInsights(addresses),
        *network_types(),
        DiagnosticSettings(),
        VaultKeys(),
        MetricAlerts(),
        ActionGroups(),
        AutoscaleSettings(),
        Workbooks(),
        StorageAccounts(addresses),
        BlobContainers(blobs),
        Datastores(addresses),
        *(AssetContainers(collection, store) for collection in ("models", "codes", "environments", "data")),
        Registries(addresses, store, blobs),
        *(AssetContainers(kind.collection, store, REGISTRY) for kind in in_registries),
        *(kind(addresses, store, blobs, clock) for kind in in_registries),
        CodeVersions(addresses),
        DataVersions(addresses),
        ModelVersions(addresses),
        EnvironmentVersions(addresses),
    )


def _sweep(store: ResourceStore, materialiser: Materialiser, deployments: OnlineDeployments) -> None:
    folders = [folder for record in store.under("", DEPLOYMENT) for folder in _folders(record, deployments)]
    materialiser.sweep(folder for folder in folders if folder)


def _folders(record: Record, deployments: OnlineDeployments) -> Sequence[Path | None]:
    try:
        desired = deployments.last_good(record)
    except ArmError:  # it will not be restored, which its state will show
        return ()
    return (desired.model_folder, desired.code_folder) if desired else ()
