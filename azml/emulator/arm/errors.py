"""The one exception of the management side, in the shape Azure Resource Manager answers with."""

from collections.abc import Mapping

from azml.emulator.arm.json import Json


class ArmError(Exception):
    """A request that Azure would refuse: HTTP `status`, Azure's `code`, a message for people, and headers."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def error(self) -> Json:
        """The inner error object, as an asynchronous operation carries it."""
        return {"code": self.code, "message": self.message}

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
