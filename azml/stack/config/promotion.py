"""The setting `promotion`: the Azure ML registry through which versions come from another environment.

Sources: learn.microsoft.com, "Manage Azure Machine Learning registries" (Reader is the role for using its
assets; the regions) and "Workspace managed virtual network isolation" (a registry can have a private endpoint
in the managed network).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from azml.findings import Finding, Place
from azml.roles import READER
from azml.rules import arm_ids, region_key
from azml.specs import AssetReference
from azml.stack.config.managed_network import APPROVED, ManagedNetwork, PrivateEndpointRule
from azml.stack.endpoint.access import ScopedRole
from azml.stack.endpoint.scoring import ServedEndpoint
from azml.stack.facts import Fact
from azml.stack.sections.faults import Faults
from azml.stack.sections.places import Places
from azml.stack.sections.section import Section

SUBRESOURCE = "amlregistry"
"""What a private endpoint to a registry names (learn.microsoft.com, "What is a private endpoint?")."""
_REGISTRY = arm_ids(
    r"/providers/Microsoft\.MachineLearningServices/registries/[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"
)


@dataclass(frozen=True)
class Promotion:
    """The registry by its ARM id, and the position of the setting."""

    registry_id: str
    place: Place

    @property
    def name(self) -> str:
        """The registry's name."""
        return self.registry_id.rpartition("/")[2]


def read_promotion(stack: Section) -> Promotion | None:
    """The setting; None without it, or where it is faulty."""
    node = stack.get("promotion")
    if node is None:
        return None
    section = stack.section("promotion", "{registry: /subscriptions/.../registries/mlr-shared}")
    text = section.text("registry", required=isinstance(node.value, dict))
    if text and not _REGISTRY.fullmatch(text):
        remedy = "write its ARM id, as `az ml registry show --name NAME --query id` prints it"
        section.fault("registry", f"{text!r} is not the ARM id of an Azure ML registry", remedy)
        text = None
    section.finish()
    return Promotion(text, section.faults.place(section.path("registry"))) if text else None


def promotion_in(path: Path, config: Mapping[str, object]) -> Promotion | None:
    """The setting in the stack file at `path`, for commands. Raises InvalidInput when it is faulty."""
    faults = Faults(Places.read(path))
    found = read_promotion(Section.of_stack({"promotion": config.get("azml:promotion")}, faults))
    faults.raise_if_any()
    return found


def with_reader(served: ServedEndpoint, promotion: Promotion | None) -> ServedEndpoint:
    """The endpoint with the role that its identity needs at the registry, if a slot uses the registry."""
    access, identity = served.access, served.spec.identity
    if promotion is None or not _uses(served, promotion) or (identity and identity.type == "none"):
        return served
    own = promotion.registry_id
    if any(role.role == READER and role.scope.lower() == own.lower() for role in access.roles):
        return served
    role = ScopedRole(READER, own, promotion.place)
    return replace(served, access=replace(access, roles=(*access.roles, role)))


def unreached(promotion: Promotion | None, network: ManagedNetwork | None) -> Iterator[Finding]:
    """A finding where deployments are in a network that approves no way to the registry."""
    if promotion is None or network is None or network.isolation != APPROVED:
        return
    rules = (rule for rule in network.outbound.values() if isinstance(rule, PrivateEndpointRule))
    if all(rule.resource_id.lower() != promotion.registry_id.lower() for rule in rules):
        message = f"the managedNetwork of the workspace approves no private endpoint to {promotion.name!r}"
        rule = f"registry: {{privateEndpoint: {promotion.registry_id}, subresource: {SUBRESOURCE}}}"
        yield Finding(message, f"add to its outbound: {rule}", *promotion.place)


def other_regions(promotion: Promotion | None, found: Mapping[str, Fact], region: str) -> Iterator[Finding]:
    """A finding where the registry is not in the workspace's region."""
    fact = found.get(promotion.registry_id) if promotion else None
    if promotion is None or fact is None or not region:
        return
    regions = list(_regions(fact.properties.get("regionDetails")))
    if regions and region_key(region) not in map(region_key, regions):
        message = f"{promotion.name!r} is in {', '.join(regions)}, and the workspace is in {region}"
        yield Finding(message, f"add {region} to the registry, or name another one", *promotion.place)


def _uses(served: ServedEndpoint, promotion: Promotion) -> bool:
    parts = (part for slot in served.slots for part in slot.parts.values())
    named = (part.registry for part in parts if isinstance(part, AssetReference))
    return any((one or "").lower() == promotion.name.lower() for one in named)


def _regions(details: object) -> Iterable[str]:
    given = details if isinstance(details, list) else []
    return (str(one["location"]) for one in given if isinstance(one, Mapping) and one.get("location"))
