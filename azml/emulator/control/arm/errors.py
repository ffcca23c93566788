"""The exception of the management API, in the shape of Azure Resource Manager's errors."""

from collections.abc import Mapping, Sequence

from azml.emulator.control.arm.json import Json


class ArmError(Exception):
    """A request that Azure would refuse: HTTP `status`, Azure's `code`, a message for people, and headers.

    `target` is the member it concerns, and `details` are the findings that it summarizes.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        target: str = "",
        details: Sequence[Json] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.target = target
        self.details = list(details)

    def error(self) -> Json:
        """The inner error object, which asynchronous operations contain."""
        found: Json = {"target": self.target} if self.target else {}
        found |= {"details": self.details} if self.details else {}
        return {"code": self.code, "message": self.message, **found}

    def body(self) -> Json:
        """The body of the answer."""
        return {"error": self.error()}


def bad_request(message: str, code: str = "BadRequest") -> ArmError:
    """The request breaks a rule; repeating it will not help."""
    return ArmError(400, code, message)


def conflict(message: str, code: str = "Conflict") -> ArmError:
    """The request conflicts with the current state."""
    return ArmError(409, code, message)


def not_found(message: str, code: str = "ResourceNotFound") -> ArmError:
    """The request names something that does not exist."""
    return ArmError(404, code, message)
