"""Errors of calls to Azure."""


class AzureError(Exception):
    """Azure refused, failed or could not be reached. The text can be shown to the user.

    `status` is the HTTP status, 0 where none was received; `code` is Azure's error code, such as
    `ResourceNotFound`.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def client_code(error: object) -> str:
    """Azure's error code in an exception of Azure's own clients; empty without one."""
    reported = getattr(error, "error_code", None) or ""
    # An enumeration, except for codes that the client does not know.
    return str(getattr(reported, "value", reported))


class UnreachableError(AzureError):
    """Nothing answers at the address."""


class OperationFailedError(AzureError):
    """Azure accepted a write and then failed to carry it out."""


class CancelledError(AzureError):
    """The user cancelled the wait."""
