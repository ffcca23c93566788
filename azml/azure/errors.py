"""What can go wrong between here and Azure."""


class AzureError(Exception):
    """Azure refused, failed or could not be reached. The text is fit to be shown.

    `status` is the HTTP status, 0 where none was received; `code` is Azure's error code, such as
    `ResourceNotFound`.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class UnreachableError(AzureError):
    """Nobody answers at the address."""


class OperationFailedError(AzureError):
    """Azure accepted a write and then failed to carry it out."""


class CancelledError(AzureError):
    """The wait was given up because the user asked for it."""
