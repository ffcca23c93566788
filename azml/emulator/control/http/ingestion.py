"""Where clients of Application Insights send telemetry: whoever has the instrumentation key, as on Azure."""

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.http.guards import limited_body
from azml.emulator.control.monitor.telemetry import Telemetry

# A connection string's address ends with a slash, and Microsoft's clients add one before the path.
PATHS = tuple(f"{slash}/{version}/track" for slash in ("", "/") for version in ("v2", "v2.1"))
_LIMIT = 4 * 1024 * 1024


class Ingestion:
    """Takes a list of items as JSON."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def track(self, request: Request) -> Response:
        """Keep the items. Raises ArmError where the body is not valid JSON, or is compressed."""
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise ArmError(415, "UnsupportedMediaType", "The local Azure takes telemetry uncompressed.")
        body = await limited_body(request, _LIMIT)
        try:
            items = json.loads(body)
        except ValueError:
            raise bad_request("The body is not valid JSON.", "InvalidRequestContent") from None
        answer = self._telemetry.take(items if isinstance(items, list) else [items])
        return JSONResponse(answer.body, answer.status)
