"""Checks that a resource is in the one subscription, and under a group and parents that exist."""

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.arm.errors import conflict, not_found
from azml.emulator.control.arm.ids import RESOURCE_GROUPS, ResourceId, resource_id
from azml.emulator.control.arm.store import ResourceStore, missing_group

IMPLICIT = ("microsoft.storage/storageaccounts/blobservices",)  # they exist as soon as their parent does
FREE_PARENTS = (
    "microsoft.machinelearningservices/workspaces/models",
    "microsoft.machinelearningservices/workspaces/codes",
    "microsoft.machinelearningservices/workspaces/environments",
    "microsoft.machinelearningservices/workspaces/data",
)  # a version creates its container; an unknown container has an empty list of versions


def check_scope(path: str) -> None:
    """Raise ArmError 404 for any but the one subscription."""
    segments = path.strip("/").split("/")
    if segments[0].lower() == "subscriptions" and len(segments) > 1 and segments[1] != SUBSCRIPTION:
        raise not_found(f"The subscription '{segments[1]}' could not be found.", "SubscriptionNotFound")


def check_parents(scope: str, store: ResourceStore, *, must_exist: bool) -> None:
    """Raise ArmError 404 when a scope's group does not exist, or the scope itself if it must exist."""
    check_scope(scope)
    segments = scope.strip("/").split("/")
    if len(segments) >= 4 and segments[2].lower() == "resourcegroups":
        group = "/" + "/".join(segments[:4])
        if store.find(group) is None:
            raise missing_group(segments[3])
    if must_exist and len(segments) > 4:
        _check_parent(resource_id(scope), store)


def check_not_being_deleted(scope: str, store: ResourceStore) -> None:
    """Raise ArmError 409 when something above is being deleted: a resource written now would outlive it."""
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
