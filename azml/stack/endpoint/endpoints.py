"""The setting `endpoints`: the folders to deploy, their slots, and the shares of traffic."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from azml import rules
from azml.azure.endpoints import ALLOW_VARIABLE
from azml.bundling import HashCache
from azml.findings import Finding, did_you_mean
from azml.specs import Node
from azml.stack.endpoint.access import read_access
from azml.stack.endpoint.alerts import read_alerts
from azml.stack.endpoint.autoscale import SLOT_KEYS, read_scale
from azml.stack.endpoint.clashes import check_versions
from azml.stack.endpoint.endpoint_settings import EndpointSettings, SlotSettings
from azml.stack.endpoint.scoring import ServedEndpoint, load, unread
from azml.stack.sections.faults import Faults
from azml.stack.sections.section import Section
from azml.stack.sections.support import check_name

KEYS = ("name", "endpoint_name")
"""Keys of a deployment file that the slot determines."""
DEFAULTS = (
    "alerts",
    "allow_live_change",
    "callers",
    "deployment",
    "identity",
    "protect",
    "roles",
    "scale",
    "workbook",
)
"""Keys of an endpoint that all endpoints may share."""


def read_endpoints(stack: Section, folder: Path, *, protect: bool) -> tuple[ServedEndpoint, ...]:
    """Every endpoint with its files; `folder` is the program's folder."""
    section = stack.section("endpoints", "{diabetes: {deployments: {blue: {}}}}")
    defaults = _defaults(stack)
    wanted = [_endpoint(section, key, folder, protect, defaults) for key in section.values]
    cache = HashCache(folder / ".azml" / "hashes")
    found = [load(settings, cache, section.faults) for settings in wanted]
    cache.save()
    section.faults.extend(unread(wanted))
    usable = {one.key: endpoint for one, endpoint in zip(wanted, found, strict=True) if endpoint}
    served = allowed_once(usable, section.faults)
    _check_unique(served, section)
    check_versions(served, section.faults)
    return served


def _defaults(stack: Section) -> Mapping[str, Node]:
    """The setting `endpointDefaults`: keys that every endpoint has unless it gives them itself."""
    section = stack.section("endpointDefaults", "{deployment: {instance_count: 3}}")
    for key in section.values.keys() - {*DEFAULTS}:
        section.fault(key, "cannot be the same for all endpoints", f"write one of {', '.join(DEFAULTS)}")
    return {key: node for key, node in section.values.items() if key in DEFAULTS}


def _endpoint(
    section: Section, key: str, folder: Path, protect: bool, defaults: Mapping[str, Node]
) -> EndpointSettings:
    written = section.section(key, "{deployments: {blue: {}}}")
    own = Section(replace(written.node, value={**defaults, **written.values}), section.faults)
    path, name = own.text("path"), own.text("name")
    check_name(own, "name", name, rules.ENDPOINT)
    own_protect = own.flag("protect")
    settings = EndpointSettings(
        key,
        folder / (path or f"scoring/{key}"),
        name,
        tuple(_slots(own)),
        own.shares("traffic"),
        own.shares("mirror_traffic"),
        bool(own.flag("allow_live_change")),
        protect if own_protect is None else own_protect,
        own.text("file"),
        own.get("rollout"),
        read_access(own),
        read_alerts(own),
        bool(own.flag("workbook")),
    )
    own.finish()
    return settings


def _shared(endpoint: Section) -> Mapping[str, Node]:
    """The keys that replace those of all deployment files of an endpoint."""
    own = endpoint.section("deployment", "{instance_count: 3}")
    for key in ("file", *KEYS):
        if key in own.values:
            own.fault(key, "cannot be the same for all slots", "leave it out")
    if "scale" in own.values:
        own.fault("scale", "is not a key of deployment files", "write it beside deployment:")
    return own.values


def _slots(endpoint: Section) -> Iterator[SlotSettings]:
    slots = endpoint.section("deployments", "{blue: {file: blue.yml}}")
    shared = _shared(endpoint)
    most, scale = rules.MOST_DEPLOYMENTS, read_scale(endpoint)
    if len(slots.values) > most:
        endpoint.fault("deployments", f"has {len(slots.values)}", f"an endpoint may have at most {most}")
    for name in slots.values:
        check_name(slots, name, name, rules.DEPLOYMENT)
        own = slots.section(name, "{file: deployment.yml}")
        rest = {key: node for key, node in {**shared, **own.values}.items() if key not in SLOT_KEYS}
        for key in KEYS:
            if key in rest:
                own.fault(key, "cannot be overridden", "the slot is named by its key")
        plain = {key: node.plain() for key, node in rest.items()}
        places = {key: node.key for key, node in shared.items() if key not in own.values}
        scaled = own.get("scale") or endpoint.get("scale")
        chosen = read_scale(own) if own.get("scale") else scale
        yield SlotSettings(name, own.text("file"), plain, places, chosen, scaled.key if scaled else "")


def allowed_once(
    served: Mapping[str, ServedEndpoint], faults: Faults, environment: Mapping[str, str] = os.environ
) -> tuple[ServedEndpoint, ...]:
    """The endpoints (by key), with live changes allowed for those the environment names by key or name."""
    listed = (name.strip() for name in environment.get(ALLOW_VARIABLE, "").split(","))
    names = {name for name in listed if name}
    known = {*served, *(endpoint.spec.name for endpoint in served.values())}
    for name in sorted(names - known):
        message = f"{ALLOW_VARIABLE} does not name an endpoint of this stack: {name!r}"
        faults.extend([Finding(message, did_you_mean(name, known))])
    return tuple(
        replace(endpoint, allow_live_change=True) if names & {key, endpoint.spec.name} else endpoint
        for key, endpoint in served.items()
    )


def _check_unique(served: tuple[ServedEndpoint, ...], section: Section) -> None:
    seen: set[str] = set()
    for endpoint in served:
        name = endpoint.spec.name
        if name in seen:
            message = f"two endpoints are called {name!r}"
            section.faults.add(section.node.key, message, "give one a `name:` of its own")
        seen.add(name)
