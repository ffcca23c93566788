"""Who may do what with blobs: by a token and a data role, by a shared key, or by a signature."""

from azml.emulator.base.identity import Identity, audience_of, is_valid, opens_account, principal_of
from azml.emulator.control.storage.call import Call
from azml.emulator.control.storage.messages import StorageError
from azml.emulator.control.storage.roles import READERS, WRITERS, DataRoles
from azml.emulator.control.storage.signatures import is_sas_good, is_shared_key_good


class Authorization:
    """Checks what a call brings against the account's keys, and its principal's roles."""

    def __init__(self, identity: Identity, roles: DataRoles) -> None:
        self.identity = identity
        self.roles = roles

    def check(self, call: Call) -> None:
        """Let a call through that may do what it asks for. Raises StorageError for any other."""
        header = call.request.headers.get("authorization", "")
        query = dict(call.request.query_params)
        if header.startswith("Bearer "):
            token = header.removeprefix("Bearer ")
            audience = audience_of(token)
            good = is_valid(token, self.identity.key_for(audience))
            if good:
                _check_audience(call, audience)
                self._check_role(call, principal_of(token))
        elif header.startswith("SharedKey ") or ("sig" in query and call.container):
            self._check_keys_allowed(call)
            good = self._is_signed(call, header, query)
        else:
            raise StorageError(401, "NoAuthenticationInformation", "The request carries no authorization.")
        if not good:
            raise StorageError(403, "AuthenticationFailed", "The request's signature or token is not valid.")

    def _is_signed(self, call: Call, header: str, query: dict[str, str]) -> bool:
        name, keys = call.account.id.name, call.account.hidden["keys"]
        if header.startswith("SharedKey "):
            raw = call.request.scope["raw_path"].decode().partition("?")[0]
            return is_shared_key_good(
                header, name, call.request.method, raw, query, call.request.headers, keys
            )
        return is_sas_good(name, call.container, call.blob, query, keys, _permission(call))

    def _check_role(self, call: Call, principal: str) -> None:
        is_read = call.request.method in ("GET", "HEAD")
        if not self.roles.has(principal, call.key, READERS if is_read else WRITERS):
            message = "This request is not authorized to perform this operation using this permission."
            raise StorageError(403, "AuthorizationPermissionMismatch", message)

    def _check_keys_allowed(self, call: Call) -> None:
        """Applies to a shared key and to a signature by one (learn.microsoft.com, "Prevent Shared Key")."""
        if call.account.properties.get("allowSharedKeyAccess") is False:
            message = "Key based authentication is not permitted on this storage account."
            raise StorageError(403, "KeyBasedAuthenticationNotPermitted", message)


def _check_audience(call: Call, audience: str) -> None:
    """Refuse a token for another service, in Azure's own words."""
    if not opens_account(audience, call.account.id.name):
        message = (
            "Server failed to authenticate the request. Please refer to the information in the "
            "www-authenticate header. Audience validation failed. Audience did not match."
        )
        raise StorageError(401, "InvalidAuthenticationInfo", message)


def _permission(call: Call) -> str:
    """The letters of which a shared access signature must have at least one."""
    if call.verb == "GET list":
        return "l"
    if not call.blob and call.request.method not in ("GET", "HEAD"):
        return ""  # no service signature can create or delete a container
    return {"GET": "r", "HEAD": "r", "DELETE": "d"}.get(call.request.method, "wc")
