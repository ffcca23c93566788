"""What changed between the two deployments of a rollout, read from the assets that they serve."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import yaml

from azml.azure.blob_listing import marks
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.azure.storage_accounts import Account, workspace_account
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.release import frozen
from azml.cli.rollouts.session import Session
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Unavailable
from azml.rollout.journals.document import Document
from azml.rollout.report import changes
from azml.rollout.report.changes import Version, packages_in
from azml.rollout.report.records import Change
from azml.server_owned import VARIABLES, users_own

IN_DATASTORE = re.compile(
    r"azureml://(?:subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+/)?"
    r"datastores/(?P<store>[^/]+)/paths/(?P<path>.+)",
    re.IGNORECASE,
)
NOT_SETTINGS = frozenset(
    {"name", "endpoint_name", "model", "code", "environment", "environment_variables", "tags", "properties"}
)
"""Fields of a deployment that are no settings, or are compared otherwise."""
SET, OTHER = "set", "set to another value"
"""What is said of environment variables: their values may be secrets."""


def note(session: Session, document: Document) -> None:
    """Keep what changed beside the journal of a rollout that begins; nothing where it cannot be read."""
    head = document.head
    try:
        found = between(session.connection, session.found(), head.stable, head.candidate)
        session.store.keep(_kept(head.name), changes.as_text(found))
    except (AzureError, Unavailable):
        return


def noted(session: Session, document: Document) -> tuple[Change, ...] | None:
    """What was kept when the rollout began; None where nothing was, or it cannot be read."""
    text = session.store.kept(_kept(document.head.name))
    try:
        return None if text is None else changes.from_text(text)
    except ValueError:
        return None


def between(connection: Connection, found: OnlineEndpoint, stable: str, candidate: str) -> tuple[Change, ...]:
    """What differs between two deployments now; nothing in a first one. Raises AzureError."""
    if not stable:
        return ()
    account = workspace_account(connection.arm, connection.workspace.id)
    old, new = found.deployment(stable), found.deployment(candidate)
    versions = (_version(connection, account, found, one) for one in (old, new))
    return changes.changes(*versions) + tuple(_variables(_own_variables(old), _own_variables(new)))


def _kept(name: str) -> str:
    return f"{name}-changes"


def _version(
    connection: Connection, account: Account, endpoint: OnlineEndpoint, live: OnlineDeployment
) -> Version:
    properties = live.properties
    code = _asset(connection, (properties.get("codeConfiguration") or {}).get("codeId"))
    model = _asset(connection, properties.get("model"))
    environment = _asset(connection, properties.get("environmentId"))
    files = {
        **_files(connection, account, code.get("codeUri"), "code"),
        **_files(connection, account, model.get("modelUri"), "model"),
    }
    image = {"image": str(environment["image"])} if environment.get("image") else {}
    return Version(files, _packages(environment.get("condaFile")), {**_settings(endpoint, live), **image})


def _asset(connection: Connection, asset_id: object) -> Mapping[str, Any]:
    """The properties of a registered version; empty where there is none."""
    if not isinstance(asset_id, str) or not asset_id.startswith("/"):
        return {}
    found = connection.arm.get(asset_id, API_VERSION) or {}
    return found.get("properties") or {}


def _files(connection: Connection, account: Account, uri: object, kind: str) -> dict[str, str]:
    """The files of an asset, where they are in the workspace's own account: tokens go nowhere else."""
    if not isinstance(uri, str):
        return {}
    inside = uri.startswith("azureml:")
    place = _in_datastore(connection, account, uri) if inside else _below(account.blobs, uri)
    if place is None:
        return {f"{kind}/": uri}
    container, folder = place
    found = marks(connection.arm, f"{account.blobs}/{container}", folder)
    return {f"{kind}/{name}": mark for name, mark in found.items()}


def _below(url: str, uri: str) -> tuple[str, str] | None:
    """Container and folder of a blob URL in this account."""
    if not uri.lower().startswith(f"{url.lower()}/"):
        return None
    container, _, folder = uri[len(url) + 1 :].partition("/")
    return container, folder


def _in_datastore(connection: Connection, account: Account, uri: str) -> tuple[str, str] | None:
    """Container and folder of a path in a datastore of this account."""
    matched = IN_DATASTORE.fullmatch(uri)
    if matched is None:
        return None
    path = f"{connection.workspace.id}/datastores/{matched['store']}"
    store = (connection.arm.get(path, API_VERSION) or {}).get("properties") or {}
    # The local Azure's accounts have its address before their name.
    same = str(store.get("accountName")).rpartition("/")[2].lower() == account.name.lower()
    return (str(store.get("containerName")), matched["path"]) if same else None


def _packages(conda_file: object) -> dict[str, str]:
    """Azure keeps an environment's conda file as its text."""
    try:
        return packages_in(yaml.safe_load(conda_file)) if isinstance(conda_file, str) else {}
    except yaml.YAMLError:
        return {}


def _settings(endpoint: OnlineEndpoint, live: OnlineDeployment) -> dict[str, str]:
    """What the deployment file can say, but for assets, as `request_settings.request_timeout_ms`."""
    return dict(_flat(frozen.read_spec(endpoint, live, None), ""))


def _flat(record: Any, before: str) -> Iterator[tuple[str, str]]:
    for field in fields(record):
        value = getattr(record, field.name)
        if value is None or (not before and field.name in NOT_SETTINGS):
            continue
        name = f"{before}{field.name}"
        if is_dataclass(value):
            yield from _flat(value, f"{name}.")
        else:
            yield name, str(value)


def _own_variables(live: OnlineDeployment) -> Mapping[str, str]:
    return users_own(live.properties.get("environmentVariables") or {}, VARIABLES, {})


def _variables(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            other = OTHER if name in old else SET
            yield Change(
                "setting",
                f"environment variable {name}",
                SET if name in old else None,
                other if name in new else None,
            )
