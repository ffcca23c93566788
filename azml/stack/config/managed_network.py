"""The setting `managedNetwork` of the workspace: the network of its computes and deployments.

Source of the modes, the rules and what cannot be undone: learn.microsoft.com, "Workspace managed virtual
network isolation".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from azml.findings import NOWHERE, Place
from azml.rules import arm_ids
from azml.stack.sections.section import Section

Isolation = Literal["disabled", "allowInternetOutbound", "allowOnlyApprovedOutbound"]
MODES: tuple[Isolation, ...] = get_args(Isolation)
OPEN, APPROVED = "allowInternetOutbound", "allowOnlyApprovedOutbound"
KINDS = ("V1", "V2")
FIREWALLS = ("Standard", "Basic")
PROTOCOLS = ("TCP", "UDP", "ICMP", "*")
_RULE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_HOST = re.compile(r"(\*\.)?([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_PORTS = re.compile(r"\*|\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*")
_ID = arm_ids("/providers/[^/]+(/[^/]+/[^/]+)+")


@dataclass(frozen=True)
class FqdnRule:
    """Traffic to a host is allowed."""

    host: str


@dataclass(frozen=True)
class ServiceTagRule:
    """Traffic to an Azure service is allowed; `ports` as in `443,8000-8010`."""

    tag: str
    protocol: str
    ports: str


@dataclass(frozen=True)
class PrivateEndpointRule:
    """The managed network has a private endpoint to a resource, for one of its subresources."""

    resource_id: str
    subresource: str


OutboundRule = FqdnRule | ServiceTagRule | PrivateEndpointRule


@dataclass(frozen=True)
class ManagedNetwork:
    """The network of the workspace's computes and deployments.

    With `provision` it exists before the first deployment, which otherwise waits for it. A `kind` of None is
    Azure's choice.
    """

    isolation: Isolation
    outbound: Mapping[str, OutboundRule]
    provision: bool = True
    kind: str | None = None
    firewall: str | None = None
    place: Place = NOWHERE

    @property
    def isolates(self) -> bool:
        """Whether there is such a network at all."""
        return self.isolation != "disabled"


def read_managed_network(section: Section) -> ManagedNetwork | None:
    """The key `managedNetwork` of the workspace."""
    if section.get("managedNetwork") is None:
        return None
    own = section.section("managedNetwork", f"{{isolation: {APPROVED}}}")
    asked = own.one_of("isolation", MODES, required=True)
    # What is not known is reported once; the settings beside it are read as the strictest mode has them.
    isolation: Isolation = asked or "allowOnlyApprovedOutbound"
    kind, firewall = own.one_of("kind", KINDS), own.one_of("firewall", FIREWALLS)
    provision = own.flag("provision")
    rules_section = own.section("outbound", "{pypi: {fqdn: pypi.org}}")
    outbound = {}
    for name in rules_section.values:
        if rule := _rule(rules_section, name, isolation):
            outbound[name] = rule
    if isolation == "disabled" and (outbound or kind or firewall):
        own.fault("isolation", "is disabled beside other settings of the network", "remove these, or isolate")
    if firewall and isolation != APPROVED:
        own.fault("firewall", f"has no effect with {isolation}", f"write isolation: {APPROVED}")
    own.finish()
    place = section.faults.place(own.path("isolation"))
    return ManagedNetwork(isolation, outbound, provision is not False, kind, firewall, place)


def _rule(section: Section, name: str, isolation: str) -> OutboundRule | None:
    own = section.section(name, "{fqdn: pypi.org}")
    if not _RULE_NAME.fullmatch(name):
        section.fault(name, f"{name!r} cannot name a rule", "1 to 80 letters, digits, dashes and underscores")
    kinds = [key for key in ("fqdn", "serviceTag", "privateEndpoint") if own.get(key) is not None]
    if len(kinds) != 1:
        section.fault(name, "is not one rule", "write one of fqdn, serviceTag and privateEndpoint")
        return None
    if isolation == OPEN and kinds != ["privateEndpoint"]:
        message = f"limits nothing: {OPEN} allows all traffic to the internet"
        own.fault(kinds[0], message, f"remove it, or write isolation: {APPROVED}")
    readers: Mapping[str, Callable[[Section], OutboundRule]] = {
        "fqdn": _fqdn,
        "serviceTag": _service_tag,
        "privateEndpoint": _private_endpoint,
    }
    rule = readers[kinds[0]](own)
    own.finish()
    return rule


def _fqdn(own: Section) -> FqdnRule:
    host = own.text("fqdn") or ""
    if host and not _HOST.fullmatch(host):
        own.fault("fqdn", f"{host!r} is not a host name", "write one as pypi.org or *.pythonhosted.org")
    return FqdnRule(host)


def _service_tag(own: Section) -> ServiceTagRule:
    protocol, ports = own.one_of("protocol", PROTOCOLS) or "TCP", own.text("ports") or "443"
    if not _PORTS.fullmatch(ports):
        own.fault("ports", f"{ports!r} are not ports", "write them as '443' or '80,8000-8010' or '*'")
    return ServiceTagRule(own.text("serviceTag") or "", protocol, ports)


def _private_endpoint(own: Section) -> PrivateEndpointRule:
    target, subresource = own.text("privateEndpoint") or "", own.text("subresource")
    if target and not _ID.fullmatch(target):
        own.fault("privateEndpoint", f"{target!r} is not the id of a resource", "write its ARM id")
    if not subresource:
        own.fault("subresource", "is missing", "write which part of the resource is meant, as blob")
    return PrivateEndpointRule(target, subresource or "")
