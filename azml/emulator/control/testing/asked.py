"""What a page for tests is asked for: a JSON object whose names are known."""

import re
from collections.abc import Collection

from starlette.requests import Request

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, parse_object
from azml.emulator.control.http.guards import limited_body

ASK_LIMIT = 64 << 10  # bytes


async def asked_object(request: Request, names: Collection[str]) -> Json:
    """The object in the request's body. Raises ArmError 400 for a name that is not one of `names`."""
    asked = parse_object(await limited_body(request, ASK_LIMIT))
    if asked is None:
        raise bad_request("What is asked for must be a JSON object.")
    check_names(asked, names)
    return asked


def check_names(asked: Json, names: Collection[str]) -> None:
    """A misspelt path_pattern would be none, and match everything."""
    if unknown := [name for name in asked if name not in names]:
        raise bad_request(f"Nothing here is called {', '.join(unknown)}; known are {', '.join(names)}.")


def pattern_of(asked: Json) -> re.Pattern[str]:
    """The pattern for resource ids; without one, every id."""
    try:
        return re.compile(str(asked.get("path_pattern", "")), re.IGNORECASE)
    except re.error as error:
        raise bad_request(f"path_pattern is not a regular expression: {error}.") from error
