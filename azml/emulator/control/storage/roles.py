"""Which principals may read and write blobs: those with a data role at or above the container's scope.

Owner and Contributor are management roles and give no access to blobs (learn.microsoft.com, "Assign an Azure
role for access to blob data"). An assignment that is read late takes effect late: Azure needs minutes.
"""

from azml.emulator.control.arm.steering import Steering
from azml.emulator.control.arm.store import Record, ResourceStore

ROLE_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
FILE_CONTRIBUTOR = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
WRITERS = frozenset({BLOB_CONTRIBUTOR, BLOB_OWNER})
READERS = WRITERS | {BLOB_READER}


class DataRoles:
    """The role assignments as the blob service sees them."""

    def __init__(self, store: ResourceStore, steering: Steering) -> None:
        self._store, self._steering = store, steering

    def has(self, principal: str, scope: str, roles: frozenset[str]) -> bool:
        """Whether a principal holds one of the roles at an ARM id in lower case, or above it."""
        return any(
            str(record.properties.get("principalId", "")).lower() == principal.lower()
            and str(record.properties.get("roleDefinitionId", "")).lower().rpartition("/")[2] in roles
            and f"{scope}/".startswith(f"{record.id.parent.lower().rstrip('/')}/")
            for record in self._honoured()
        )

    def _honoured(self) -> list[Record]:
        shown = []
        for record in self._store.under("", ROLE_ASSIGNMENT):
            is_late, before = self._steering.late(record.id.key)
            if found := before if is_late else record:
                shown.append(found)
        return shown
