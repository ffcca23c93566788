"""The one exception of the management side, in the shape Azure Resource Manager answers with."""

from collections.abc import Mapping, Sequence

from azml.emulator.control.arm.json import Json


class ArmError(Exception):
    """A request that Azure would refuse: HTTP `status`, Azure's `code`, a message for people, and headers.

    `target` is the member it is about, and `details` are the findings it sums up.
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
        """The inner error object, as an asynchronous operation carries it."""
        found: Json = {"target": self.target} if self.target else {}
        found |= {"details": self.details} if self.details else {}
        return {"code": self.code, "message": self.message, **found}

    def body(self) -> Json:
        """The whole answer."""
        return {"error": self.error()}


def bad_request(message: str, code: str = "BadRequest") -> ArmError:
    """What the request asks for breaks a rule; asking again will not help."""
    return ArmError(400, code, message)


def conflict(message: str, code: str = "Conflict") -> ArmError:
    """The request disagrees with what is there now."""
    return ArmError(409, code, message)


def not_found(message: str, code: str = "ResourceNotFound") -> ArmError:
    """What the request names is not there."""
    return ArmError(404, code, message)
