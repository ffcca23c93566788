"""What the page asks for: endpoints, shares, keys, logs, charts, and a request to try."""

import time
from dataclasses import asdict

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.addresses import Addresses
from azml.emulator.arm.errors import ArmError, bad_request, not_found
from azml.emulator.arm.ids import resource_id
from azml.emulator.arm.json import Json, whole
from azml.emulator.arm.store import Record
from azml.emulator.certificates import Certificates
from azml.emulator.control.gate import limited_body
from azml.emulator.control.management import Management
from azml.emulator.dataplane.client import DataplaneClient
from azml.emulator.dataplane.rules import BODY_LIMIT
from azml.emulator.identity import SCORING_AUDIENCE, Identity, issue_token
from azml.emulator.machinelearning.endpoints import DEPLOYMENT, ENDPOINT, deployments_of
from azml.emulator.studio import views
from azml.emulator.studio.door import Door, Handler, private, small_object
from azml.emulator.studio.files import page_file
from azml.emulator.studio.trial import DEPLOYMENT_HEADER, Scoring

LOG_LINES = 2_000
CHART_MINUTES = 24 * 60


class Studio:
    """The page and its calls. Every write goes the way of any client's request."""

    def __init__(
        self,
        management: Management,
        dataplane: DataplaneClient,
        identity: Identity,
        addresses: Addresses,
        certificates: Certificates,
    ) -> None:
        self._management = management
        self._service = management.service
        self._store = management.service.store
        self._dataplane = dataplane
        self._identity = identity
        self._scoring = Scoring(certificates.ca)
        self.door = Door(addresses.arm, identity)

    def routes(self) -> list[tuple[str, Handler, str]]:
        """Path, handler and method of everything under `/studio`."""
        door = self.door
        return [
            ("/studio", self._page, "GET"),
            ("/studio/page/{name}", self._file, "GET"),
            ("/studio/api/session", door.own_page(door.sign_in), "POST"),
            ("/studio/api/session", door.signed_in(door.sign_out), "DELETE"),
            ("/studio/api/endpoints", door.signed_in(self._endpoints), "GET"),
            ("/studio/api/endpoint", door.signed_in(self._endpoint), "GET"),
            ("/studio/api/traffic", door.signed_in(self._traffic), "PUT"),
            ("/studio/api/keys", door.signed_in(self._keys), "POST"),
            ("/studio/api/logs", door.signed_in(self._logs), "GET"),
            ("/studio/api/metrics", door.signed_in(self._metrics), "GET"),
            ("/studio/api/score", door.signed_in(self._score), "POST"),
        ]

    async def close(self) -> None:
        """Let go of the scoring address."""
        await self._scoring.close()

    async def _page(self, request: Request) -> Response:
        return _found(page_file("index.html"))

    async def _file(self, request: Request) -> Response:
        return _found(page_file(request.path_params["name"]))

    async def _endpoints(self, request: Request) -> Response:
        rows = [asdict(views.endpoint_row(record)) for record in self._store.under("", ENDPOINT)]
        return JSONResponse({"endpoints": rows})

    async def _endpoint(self, request: Request) -> Response:
        record = self._named(request, ENDPOINT)
        shown = self._shown(record)
        found = deployments_of(record.id.text, self._store).values()
        deployments = [await self._observed(record, deployment) for deployment in found]
        return JSONResponse(asdict(views.endpoint_view(record, shown, deployments)))

    async def _observed(self, endpoint: Record, deployment: Record) -> views.DeploymentView:
        observed = await self._dataplane.observe(deployment.id.key)
        return views.deployment_view(endpoint, deployment, observed)

    async def _traffic(self, request: Request) -> Response:
        """New shares, by the same PUT of the whole endpoint that Azure's clients send."""
        record = self._named(request, ENDPOINT)
        body = self._shown(record)
        body["properties"] = {**body["properties"], "traffic": await small_object(request)}
        answer = await self._management.change("PUT", record.id.text, body)
        return Response(status_code=answer.status)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(await self._act(self._named(request, ENDPOINT), "listKeys"))

    async def _logs(self, request: Request) -> Response:
        container = request.query_params.get("container", "InferenceServer")
        record = self._named(request, DEPLOYMENT)
        return JSONResponse(await self._act(record, "getLogs", containerType=container, tail=LOG_LINES))

    async def _metrics(self, request: Request) -> Response:
        record = self._named(request, ENDPOINT)
        length = _minutes(request.query_params.get("minutes", "30"))
        last = int(time.time()) // views.MINUTE * views.MINUTE
        report = await self._dataplane.metrics(last - (length - 1) * views.MINUTE, record.id.key)
        series = views.minutes(report)
        told = {name: [asdict(minute) for minute in found] for name, found in series.items()}
        return JSONResponse({"last": last, "minutes": length, "deployments": told})

    async def _score(self, request: Request) -> Response:
        record = self._named(request, ENDPOINT)
        headers = {
            "Content-Type": request.headers.get("content-type", "application/json"),
            "Authorization": f"Bearer {await self._bearer(record)}",
        }
        if deployment := request.query_params.get("deployment"):
            headers[DEPLOYMENT_HEADER] = deployment
        body = await limited_body(request, BODY_LIMIT)
        uri = self._shown(record)["properties"]["scoringUri"]
        try:
            trial = await self._scoring.ask(uri, headers, body)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ArmError(502, "NoAnswer", f"The endpoint did not answer: {error}") from error
        return JSONResponse(asdict(trial))

    async def _bearer(self, record: Record) -> str:
        """A key or token that the endpoint accepts, whatever its authentication mode."""
        match record.properties["authMode"]:
            case "Key":
                return str((await self._act(record, "listKeys"))["primaryKey"])
            case "AMLToken":
                return str((await self._act(record, "token"))["accessToken"])
        return issue_token(self._identity, SCORING_AUDIENCE)[0]

    async def _act(self, record: Record, action: str, **body: object) -> Json:
        return (await self._service.act(record.id, action, body)).body or {}

    def _shown(self, record: Record) -> Json:
        return dict(self._service.get(record.id).body or {})

    def _named(self, request: Request, kind: str) -> Record:
        """The resource that `?id=` names. Raises ArmError."""
        record = self._store.get(resource_id(request.query_params.get("id", "")).text)
        if record.id.kind != kind.lower():
            raise not_found(f"'{record.id.name}' is no {kind}.")
        return record


def _found(response: Response | None) -> Response:
    return response or private(Response("Not found", 404))


def _minutes(text: str) -> int:
    length = whole(text, CHART_MINUTES + 1)
    if not length or length > CHART_MINUTES:
        raise bad_request(f"minutes must be a whole number from 1 to {CHART_MINUTES}.")
    return length
