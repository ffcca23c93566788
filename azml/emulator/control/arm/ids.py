"""Resource ids: Azure's paths, which compare without regard to case but keep their case."""

import re
import uuid
from dataclasses import dataclass

from azml.emulator.control.arm.errors import bad_request

SUBSCRIPTIONS = "microsoft.resources/subscriptions"
RESOURCE_GROUP_TYPE = "Microsoft.Resources/resourceGroups"
RESOURCE_GROUPS = RESOURCE_GROUP_TYPE.lower()
_NAME = re.compile(r"[^<>%&:?\\/\x00-\x1f\x7f]{1,260}")
_GROUPS_BY_ID = "microsoft.resources/subscriptions/resourcegroups"


@dataclass(frozen=True)
class ResourceId:
    """One resource. `type` is its full type, such as `Microsoft.Storage/storageAccounts`."""

    text: str
    type: str
    name: str
    parent: str

    @property
    def key(self) -> str:
        """What identifies the resource: its id in lower case."""
        return self.text.lower()

    @property
    def kind(self) -> str:
        """The type in lower case, as types are looked up."""
        return self.type.lower()

    def part(self, collection: str) -> str:
        """The name that follows a collection in the id, as in `part("workspaces")`; "" when there is none."""
        segments = self.text.split("/")
        lowered = [segment.lower() for segment in segments]
        place = lowered.index(collection.lower()) if collection.lower() in lowered else len(segments)
        return segments[place + 1] if place + 1 < len(segments) else ""


@dataclass(frozen=True)
class Collection:
    """All resources of one type under a scope: a subscription, a resource group or a parent resource."""

    scope: str
    type: str

    @property
    def kind(self) -> str:
        """The type in lower case."""
        return self.type.lower()


def parse(path: str) -> ResourceId | Collection:
    """What a management path names. Raises ArmError 400 when it is not such a path."""
    segments = path.strip("/").split("/")
    if not all(segments) or len(segments) < 1 or segments[0].lower() not in ("subscriptions", "providers"):
        raise bad_request(f"'{path[:500]}' is not a resource id.", "InvalidResourceId")
    lowered = [segment.lower() for segment in segments]
    if "providers" not in lowered:
        return _named("Microsoft.Resources", segments, 0)
    provider = len(segments) - 1 - lowered[::-1].index("providers")
    if len(segments) < provider + 3:
        message = (
            f"'{path}' does not name a resource type. The local Azure has no information about resource "
            "providers."
        )
        raise bad_request(message, "InvalidResourceId")
    return _named(segments[provider + 1], segments, provider)


def check_name(named: ResourceId) -> None:
    """Raise ArmError 400 for a name that no resource may have, whatever its type.

    Azure Resource Manager's naming rules: 1 to 260 characters, none of `<>%&:?\\`, no control characters,
    no dot or space at the end.
    """
    if not _NAME.fullmatch(named.name) or named.name[-1] in ". ":
        shown = named.name if len(named.name) <= 260 else f"{named.name[:20]}..."
        raise bad_request(f"{shown!r} is not a valid resource name.", "InvalidResourceName")


def resource_id(path: str) -> ResourceId:
    """The resource that a path names. Raises ArmError 400 when it does not name one."""
    named = parse(path)
    if isinstance(named, Collection):
        raise bad_request(f"'{path}' names a collection, not a resource.", "InvalidResourceId")
    return named


def is_guid(name: str) -> bool:
    """Whether a name is a GUID, as some types ask for."""
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def group_id(subscription: str, group: str) -> str:
    """A resource group's id."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def _named(namespace: str, segments: list[str], scope: int) -> ResourceId | Collection:
    # The pairs of type and name begin after `providers/<namespace>`; for subscriptions and groups, at once.
    first = scope + 2 if segments[scope].lower() == "providers" else 0
    pairs = segments[first:]
    type_name = _type_name("/".join([namespace, *pairs[0::2]]))
    above = segments[:-2] if len(pairs) % 2 == 0 else segments[:-1]
    if len(pairs) <= 2:
        above = segments[:scope]
        if namespace == "Microsoft.Resources" and first == 0:
            above = []
    text = "/" + "/".join(segments)
    parent = "/" + "/".join(above) if above else ""
    if len(pairs) % 2:
        return Collection(parent, type_name)
    return ResourceId(text, type_name, pairs[-1], parent)


def _type_name(by_id: str) -> str:
    # In ids, resource groups are under their subscription; in their type they are not.
    return RESOURCE_GROUP_TYPE if by_id.lower() == _GROUPS_BY_ID else by_id
