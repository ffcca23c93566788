"""Sample requests to new deployments: one to each, and enough through the split to show it."""

import contextlib
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from azml.azure.errors import AzureError
from azml.azure.http import Http, Response
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.endpoints.scoring import ROUTED_TO, Refused, Request, headers, read_request
from azml.cli.endpoints.trouble import Trouble

TO_ONE = 10
"""Requests through a split with only one deployment."""
SEEN = 20
"""Requests that the deployment with the smallest share should get on average."""
MOST = 500
MOST_AT_ONCE = 8
COME_BACK = frozenset({429, 502, 503})
PATIENCE = 60.0
"""Seconds a deployment has to answer: after a restart of the local Azure its server may still be starting."""

Post = Callable[[str | None], Response]


@dataclass(frozen=True)
class Prediction:
    """One deployment's answer to the sample request, and its duration in milliseconds."""

    deployment: str
    answer: str
    milliseconds: float


@dataclass(frozen=True)
class Trial:
    """The answers of an endpoint. `split` counts the requests that each deployment answered."""

    endpoint: OnlineEndpoint
    request: Path
    predictions: tuple[Prediction, ...]
    split: Mapping[str, int]
    troubles: tuple[Trouble, ...] = ()


def find_request(folder: Path) -> Path | None:
    """The sample request, from `requests/`: `sample.json`, another `sample.*`, else the first file."""
    files = sorted(path for path in (folder / "requests").glob("*") if path.is_file() and path.name[0] != ".")
    return min(files, key=_rank, default=None)


def _rank(path: Path) -> tuple[bool, bool]:
    return path.stem != "sample", path.suffix != ".json"


def requests_for(traffic: Mapping[str, int]) -> int:
    """How many requests show a split: few if one deployment has it all, more the smaller a share is."""
    shares = [share for share in traffic.values() if share]
    if len(shares) < 2:
        return TO_ONE * len(shares)
    return min(MOST, math.ceil(SEEN * 100 / min(shares)))


def ask(endpoint: OnlineEndpoint, bearer: str, request: Path, say: Callable[[str], None]) -> Trial:
    """Send the sample to each deployment that is up, then through the split, over keep-alive connections.

    A deployment that refuses it becomes a trouble of the trial, and does not block the others.
    """
    http, asked = Http(), read_request(request)

    def post(deployment: str | None) -> Response:
        return _answered(http, endpoint, headers(bearer, deployment, asked.content_type), asked)

    predictions, troubles = [], []
    for deployment in endpoint.deployments:
        if deployment.state != "Succeeded":
            continue
        try:
            predictions.append(_timed(deployment.name, post))
        except (Refused, AzureError) as failure:
            troubles.append(_trouble(endpoint, deployment.name, failure))
    split: Counter[str] = Counter()
    if endpoint.traffic and not any(trouble.serious for trouble in troubles):
        try:
            _through_the_split(endpoint, post, split, say)
        except (Refused, AzureError) as failure:
            troubles.append(_trouble(endpoint, None, failure))
    return Trial(endpoint, request, tuple(predictions), dict(sorted(split.items())), tuple(troubles))


def _through_the_split(
    endpoint: OnlineEndpoint, post: Post, split: Counter[str], say: Callable[[str], None]
) -> None:
    """Send the requests that show the split, and count in `split` which deployments answered."""
    limits = [one.most_at_once for one in endpoint.deployments if endpoint.traffic.get(one.name)]
    total = requests_for(endpoint.traffic)
    with ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, *limits)) as pool:
        for number, answer in enumerate(pool.map(post, [None] * total), start=1):
            split[answer.headers.get(ROUTED_TO, "unknown")] += 1
            say(f"{number} of {total} requests answered")


def _trouble(endpoint: OnlineEndpoint, asked: str | None, failure: Refused | AzureError) -> Trouble:
    """The trouble that a refusal means. Without a deployment (`asked`) it came through the split."""
    serious = asked is None or bool(endpoint.traffic.get(asked))
    if isinstance(failure, Refused):
        deployment = asked or failure.deployment
        return Trouble(endpoint.name, deployment, failure.in_a_line, serious, failure.logged)
    return Trouble(endpoint.name, asked, str(failure), serious)


def _timed(deployment: str, post: Post) -> Prediction:
    started = time.perf_counter()
    answer = post(deployment)
    took = (time.perf_counter() - started) * 1000
    return Prediction(deployment, one_line(answer), took)


def _answered(http: Http, endpoint: OnlineEndpoint, carried: Mapping[str, str], asked: Request) -> Response:
    """The answer to one request; "too many requests" and "not ready yet" are retried."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = http.request("POST", endpoint.scoring_uri, headers=carried, body=asked.content)
        if answer.status not in COME_BACK or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    if answer.status != 200:
        routed = carried.get(ROUTED_TO) or answer.headers.get(ROUTED_TO)
        raise Refused(endpoint.name, routed, answer.status, answer.content)
    return answer


def one_line(answer: Response) -> str:
    """An answer in one line: compact JSON, or text cut to 80 characters; for other bytes, their size."""
    try:
        text = answer.content.decode().strip()
    except UnicodeDecodeError:
        return f"{len(answer.content)} bytes of {answer.headers.get('content-type', 'no content type')}"
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text))
    return text if len(text) <= 80 else f"{text[:77]}..."
