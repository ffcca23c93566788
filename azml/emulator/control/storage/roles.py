"""Which principals may do what: those with a role at or above the resource's scope.

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
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
IMAGE_PULLER = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
IMAGE_PUSHER = "8311e382-0749-4cb8-b61a-304f252e45ec"
VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
WRITERS = frozenset({BLOB_CONTRIBUTOR, BLOB_OWNER})
READERS = WRITERS | {BLOB_READER}
MANAGERS = frozenset({OWNER, CONTRIBUTOR})
KEY_USERS = frozenset(
    {
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",  # Key Vault Crypto Service Encryption User
        "12338af0-0e69-4776-bea7-57ae8d297424",  # Key Vault Crypto User
        VAULT_ADMINISTRATOR,
    }
)
REGISTRY_READERS = MANAGERS | {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",  # Reader
    "1823dd4f-9b8c-4ab6-ab4e-7397a3684615",  # AzureML Registry User
}
PULLERS = MANAGERS | {IMAGE_PULLER, IMAGE_PUSHER}


class DataRoles:
    """The role assignments as a service sees them."""

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
