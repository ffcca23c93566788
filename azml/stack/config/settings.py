"""The stack's settings, read once and checked at once: the only reader of the stack config."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pulumi
from pulumi.runtime import get_config_env
from pulumi.runtime.config import CONFIG

from azml.stack.config import target
from azml.stack.config.contradictions import egress_faults, identity_faults
from azml.stack.config.diagnostics import read_diagnostics
from azml.stack.config.notify import read_notify
from azml.stack.config.promotion import read_promotion, unreached, with_reader
from azml.stack.config.records import Settings
from azml.stack.config.target import Target
from azml.stack.config.workspace import read_workspace
from azml.stack.endpoint.endpoints import read_endpoints
from azml.stack.sections.faults import Faults
from azml.stack.sections.places import Places
from azml.stack.sections.section import Section, describe


def read_settings(folder: Path) -> Settings:
    """Read the stack config and the scoring folders below `folder`, the folder of the program.

    Raises InvalidInput with every finding: settings, endpoint and deployment files, scoring folders.
    """
    root = Path(pulumi.get_root_directory() or folder)
    faults = Faults(Places.read(root / f"Pulumi.{pulumi.get_stack()}.yaml"))
    stack = Section.of_stack(dict(_stack_config()), faults)
    protect = bool(stack.flag("protect"))
    chosen = _target(stack, root)
    workspace = read_workspace(stack, protect=protect)
    promotion = read_promotion(stack)
    read = read_endpoints(stack, folder, protect=protect)
    endpoints = tuple(with_reader(served, promotion) for served in read)
    settings = Settings(
        chosen,
        workspace,
        endpoints,
        protect,
        stack.plain_texts("tags"),
        tuple(stack.names("policyTags")),
        stack.text("studioUrl") or (_local_studio() if chosen == "local" else None),
        read_diagnostics(stack, existing=workspace.existing),
        read_notify(stack, chosen),
        promotion,
    )
    faults.extend((*identity_faults(workspace, endpoints), *egress_faults(workspace, endpoints)))
    faults.extend(unreached(promotion, workspace.managed_network))
    stack.finish()
    faults.raise_if_any()
    return settings


def _stack_config() -> Iterator[tuple[str, object]]:
    """Every `azml:` setting. pulumi.Config reads keys one by one; finding unknown keys needs all of them."""
    config = pulumi.Config("azml")
    for full in {**get_config_env(), **CONFIG.get()}:
        package, _, key = full.partition(":")
        if package == config.name:
            yield key, _value(config.get(key) or "")


def _value(text: str) -> object:
    """The engine passes everything as text: mappings and flags as JSON, a text as itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | list | bool) else text


def _target(stack: Section, root: Path) -> Target:
    chosen = stack.text("target") or "azure"
    if chosen not in ("azure", "local"):
        stack.fault("target", f"is {describe(chosen)}", "write azure or local")
        return "azure"
    host = pulumi.Config("azure-native").get("metadataHost")
    found: Target = "local" if chosen == "local" else "azure"
    for message, remedy in target.problems(found, pulumi.get_project(), root, host, os.environ):
        stack.fault("target", message, remedy)
    return found


def _local_studio() -> str:
    """The local Azure's studio page, at the address that this shell points at."""
    return f"https://{os.environ.get('ARM_METADATA_HOSTNAME', '').removeprefix('https://')}/studio"
