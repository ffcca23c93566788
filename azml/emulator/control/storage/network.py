"""Accounts that are closed to public networks."""

from azml.emulator.control.arm.networks import reached_privately
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.storage.messages import StorageError


def check_network(account: Record, store: ResourceStore) -> None:
    """Raise StorageError 403 for an account that is closed to public networks and has no private endpoint.

    This machine counts as a part of the network in which the endpoint is.
    """
    closed = str(account.properties.get("publicNetworkAccess", "")).lower() == "disabled"
    if closed and not reached_privately(account.id.text, "blob", store):
        message = "This request is not authorized to perform this operation."
        raise StorageError(403, "AuthorizationFailure", message)
