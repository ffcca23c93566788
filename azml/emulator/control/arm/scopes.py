"""Where a resource may be: in the one subscription, in a group that exists, under a parent that exists."""

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.arm.errors import conflict, not_found
from azml.emulator.control.arm.ids import RESOURCE_GROUPS, ResourceId, resource_id
from azml.emulator.control.arm.store import ResourceStore, missing_group

IMPLICIT = ("microsoft.storage/storageaccounts/blobservices",)  # there as soon as their parent is
FREE_PARENTS = (
    "microsoft.machinelearningservices/workspaces/models",
    "microsoft.machinelearningservices/workspaces/codes",
    "microsoft.machinelearningservices/workspaces/environments",
    "microsoft.machinelearningservices/workspaces/data",
)  # a version makes its container, and the versions of an unknown one are an empty list


def check_scope(path: str) -> None:
    """Raise ArmError 404 for another subscription than the one there is."""
    segments = path.strip("/").split("/")
    if segments[0].lower() == "subscriptions" and len(segments) > 1 and segments[1] != SUBSCRIPTION:
        raise not_found(f"The subscription '{segments[1]}' could not be found.", "SubscriptionNotFound")


def check_parents(scope: str, store: ResourceStore, *, must_exist: bool) -> None:
    """Raise ArmError 404 when the group of a scope is not there, or the scope itself if it must be."""
    check_scope(scope)
    segments = scope.strip("/").split("/")
    if len(segments) >= 4 and segments[2].lower() == "resourcegroups":
        group = "/" + "/".join(segments[:4])
        if store.find(group) is None:
            raise missing_group(segments[3])
    if must_exist and len(segments) > 4:
        _check_parent(resource_id(scope), store)


def check_standing(scope: str, store: ResourceStore) -> None:
    """Raise ArmError 409 when something above is being deleted: what is written now would outlive it."""
    while scope:
        above = resource_id(scope)
        found = store.find(scope)
        if found is not None and found.state == "Deleting":
            code = "ResourceGroupBeingDeleted" if above.kind == RESOURCE_GROUPS else "Conflict"
            raise conflict(f"'{found.id.name}' is being deleted: nothing in it can be written.", code)
        scope = above.parent


def _check_parent(parent: ResourceId, store: ResourceStore) -> None:
    if parent.kind in IMPLICIT or parent.kind in FREE_PARENTS:
        parent = resource_id(parent.parent)
    found = store.find(parent.text)
    if found is None or found.state == "Deleting":
        raise not_found(
            "Can not perform requested operation on nested resource. "
            f"Parent resource '{parent.name}' not found.",
            "ParentResourceNotFound",
        )
