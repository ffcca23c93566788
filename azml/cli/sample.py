"""Asking what was just deployed: each deployment once, and the split many times."""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from azml.azure.http import Http, Response
from azml.cli.endpoints import Endpoint
from azml.cli.scoring import ROUTED_TO, headers, refusal

REQUESTS = 200
MOST_AT_ONCE = 8
COME_BACK = frozenset({429, 502, 503})
PATIENCE = 60.0
"""Seconds a deployment has to answer: after a restart of the local Azure its server may still be starting."""


@dataclass(frozen=True)
class Prediction:
    """One deployment's answer to the sample request, and how long it took in milliseconds."""

    deployment: str
    answer: str
    milliseconds: float


@dataclass(frozen=True)
class Trial:
    """What an endpoint answered. `split` counts which deployment took how many of the requests."""

    endpoint: Endpoint
    request: Path
    predictions: tuple[Prediction, ...]
    split: Mapping[str, int]


def find_request(folder: Path) -> Path | None:
    """The endpoint's sample request: `requests/sample.json`, else the first JSON file beside it."""
    sample = folder / "requests" / "sample.json"
    return sample if sample.is_file() else next(iter(sorted((folder / "requests").glob("*.json"))), None)


def ask(endpoint: Endpoint, bearer: str, request: Path, say: Callable[[str], None]) -> Trial:
    """Send the sample to each deployment, then through the split, over connections that are kept alive.

    Raises CommandError with the endpoint's own words when an answer is not a prediction.
    """
    http = Http()
    content = request.read_bytes()

    def post(deployment: str | None) -> Response:
        return _answered(http, endpoint.scoring_uri, headers(bearer, deployment), content)

    predictions = tuple(_timed(one.name, post) for one in endpoint.deployments)
    split: Counter[str] = Counter()
    if endpoint.traffic:
        at_once = min(MOST_AT_ONCE, *(endpoint.deployment(name).most_at_once for name in endpoint.traffic))
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            for number, answer in enumerate(pool.map(post, [None] * REQUESTS), start=1):
                split[answer.headers.get(ROUTED_TO, "unknown")] += 1
                say(f"{number} of {REQUESTS} requests answered")
    return Trial(endpoint, request, predictions, dict(sorted(split.items())))


def _timed(deployment: str, post: Callable[[str], Response]) -> Prediction:
    started = time.perf_counter()
    answer = post(deployment)
    took = (time.perf_counter() - started) * 1000
    return Prediction(deployment, _one_line(answer.content), took)


def _answered(http: Http, uri: str, carried: Mapping[str, str], content: bytes) -> Response:
    """The answer to one request. "Too many at once" and "not yet" are invitations to come back: done here."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = http.request("POST", uri, headers=carried, body=content)
        if answer.status not in COME_BACK or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    if answer.status != 200:
        raise refusal(carried.get(ROUTED_TO) or answer.headers.get(ROUTED_TO), answer.status, answer.content)
    return answer


def _one_line(content: bytes) -> str:
    """An answer fit for a line: JSON without its white space, and not endless."""
    text = content.decode(errors="replace").strip()
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text))
    return text if len(text) <= 80 else f"{text[:77]}..."
