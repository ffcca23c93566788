"""The endpoints' sample requests: the command line reads the files, and sends them here."""

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.files import private_folder, write_private
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import parse_object
from azml.emulator.control.http.guards import limited_body

SAMPLES_LIMIT = 160 << 20
"""Bytes of all samples together: 100 endpoints (Azure's limit) with a megabyte each, in base64."""
_FIELDS = {"endpoint", "file", "type", "content"}


@dataclass(frozen=True)
class Sample:
    """One request: the file's name, its content type, and its bytes in base64."""

    endpoint: str
    file: str
    type: str
    content: str


class Samples:
    """One sample for each endpoint, in a file: browsers stay signed in when the local Azure restarts."""

    def __init__(self, path: Path) -> None:
        private_folder(path.parent)
        self._path = path

    async def replace(self, request: Request) -> Response:
        """`PUT /_azml/studio/samples`: replace all samples."""
        asked = parse_object(await limited_body(request, SAMPLES_LIMIT)) or {}
        listed = asked.get("samples")
        if set(asked) != {"samples"} or not isinstance(listed, list):
            raise bad_request("The body must be an object with the list samples.")
        samples = [_sample(one) for one in listed]
        write_private(self._path, json.dumps([asdict(one) for one in samples]).encode())
        return Response(status_code=204)

    def answer(self, endpoint: str) -> Response:
        """The sample of the endpoint with this name; 204 if it has none."""
        found = next((one for one in self._read() if one.endpoint.lower() == endpoint.lower()), None)
        return JSONResponse(asdict(found)) if found else Response(status_code=204)

    def _read(self) -> list[Sample]:
        return [Sample(**one) for one in json.loads(self._path.read_bytes())] if self._path.exists() else []


def _sample(sample: Any) -> Sample:
    if (
        not isinstance(sample, dict)
        or set(sample) != _FIELDS
        or not all(isinstance(v, str) for v in sample.values())
    ):
        raise bad_request(f"A sample must have the texts {', '.join(sorted(_FIELDS))}, and no other members.")
    try:
        base64.b64decode(sample["content"], validate=True)
    except ValueError as error:
        raise bad_request(f"The content of {sample['file']} is not base64: {error}.") from error
    return Sample(**sample)
