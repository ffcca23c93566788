"""What the front of an endpoint answers by itself: rows `front-*`, on an endpoint that serves."""

import re

from azml.azure.http import Response
from tests.journeys.azure import Azure
from tests.journeys.truth import Assume

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
OWN = "a!b_c-" + "d" * 50
KEPT = ("ab_c-" + "d" * 50)[:40]


def look_at_the_front(azure: Azure, assume: Assume) -> None:
    """Ask for predictions in ways that the model never hears of."""
    with assume.about("front-1", "front-2", "front-4"):
        uri = azure.ask("GET", azure.endpoint_id).json()["properties"]["scoringUri"]
        keys = azure.ask("POST", f"{azure.endpoint_id}/listKeys", {}).json()
        key = ("Authorization", f"Bearer {keys['primaryKey']}")
        many = azure.score(uri, [key, *((f"x-look-{number}", "1") for number in range(120))])
        large = azure.score(uri, [key, ("x-look", "a" * 9_000)])
        codes = [many.status, large.status]
        unheard = all(400 <= one.status < 500 and not _is_the_models(one) for one in (many, large))
        assume("front-1", unheard, f"120 headers, and one of 9,000 bytes: {codes}")
        host = uri.split("/")[2]
        hosts = azure.score(uri, [key, ("Host", host), ("Host", host)])
        long = azure.score(f"{uri}/{'a' * 5_000}", [key])
        is_so = (hosts.status, long.status) == (400, 414)
        assume("front-2", is_so, f"two Host headers: {hosts.status}; a long address: {long.status}")
        named = azure.score(uri, [key, ("x-request-id", "own"), ("x-ms-client-request-id", OWN)])
        ids = [named.headers.get(name, "") for name in ("x-request-id", "x-ms-client-request-id")]
        assume("front-4", bool(_GUID.fullmatch(ids[0])) and ids[1] == KEPT, f"{ids[0]}, {ids[1]}")


def _is_the_models(answered: Response) -> bool:
    return "ms-azureml-model-error-statuscode" in answered.headers
