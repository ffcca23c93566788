"""The page's API: a stream of the current state, shares, keys, samples, and trial requests."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.identity import SCORING_AUDIENCE, Identity, issue_token
from azml.emulator.contract.limits import BODY_LIMIT
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.json import Json, whole
from azml.emulator.control.arm.store import Record
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.http.guards import limited_body
from azml.emulator.control.http.management import Management
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.control.studio.files import page_file
from azml.emulator.control.studio.live import Live, Look
from azml.emulator.control.studio.looks import Following, Looks
from azml.emulator.control.studio.samples import Samples
from azml.emulator.control.studio.sign_in import Handler, SignIn, private, small_object
from azml.emulator.control.studio.trial import DEPLOYMENT_HEADER, Scoring

CHART_MINUTES = 24 * 60
OVERVIEW_MINUTES = 30
SHARES = ("traffic", "mirrorTraffic")


class Studio:
    """The page and its API. Every write is handled like any client's request."""

    def __init__(
        self,
        folder: Path,
        management: Management,
        dataplane: DataplaneClient,
        identity: Identity,
        addresses: Addresses,
        certificates: Certificates,
        blobs: BlobStore,
    ) -> None:
        self._management = management
        self._service = management.service
        self._looks = Looks(management.service, dataplane, certificates.ca, blobs)
        self._identity = identity
        self._scoring = Scoring(certificates.ca)
        self.sign_in = SignIn(addresses.arm, identity)
        self.live = Live()
        self.samples = Samples(folder / "studio" / "samples.json")

    def routes(self) -> list[tuple[str, Handler, str]]:
        """Path, handler and method of everything under `/studio`."""
        browser = self.sign_in
        return [
            ("/studio", self._page, "GET"),
            ("/studio/page/{name}", self._file, "GET"),
            ("/studio/api/session", browser.own_page(browser.sign_in), "POST"),
            ("/studio/api/session", browser.signed_in(browser.sign_out), "DELETE"),
            ("/studio/api/live", browser.signed_in(self._live), "GET"),
            ("/studio/api/traffic", browser.signed_in(self._traffic), "PUT"),
            ("/studio/api/keys", browser.signed_in(self._keys), "POST"),
            ("/studio/api/sample", browser.signed_in(self._sample), "GET"),
            ("/studio/api/score", browser.signed_in(self._score), "POST"),
        ]

    async def close(self) -> None:
        """Close the connections to the scoring address."""
        await self._scoring.close()

    async def _page(self, request: Request) -> Response:
        return _found(page_file("index.html"))

    async def _file(self, request: Request) -> Response:
        return _found(page_file(request.path_params["name"]))

    async def _live(self, request: Request) -> Response:
        """A stream of everything the page shows: of one endpoint with `?id=`, else of all."""
        asked = request.query_params
        minutes = _minutes(asked.get("minutes", "0"))
        look: Look = partial(self._looks.overview, minutes or OVERVIEW_MINUTES)
        if "id" in asked:
            endpoint = self._looks.find(asked["id"]).id.text
            log = self._looks.log_of(asked["log"], asked.get("container", "")) if "log" in asked else None
            look = Following(self._looks, endpoint, minutes, log)
        return self.live.stream(look, partial(self.sign_in.admits, request))

    async def _traffic(self, request: Request) -> Response:
        """Set new shares, with the same PUT of the whole endpoint that Azure's clients send."""
        record = self._looks.find(request.query_params.get("id", ""))
        asked = await small_object(request)
        if set(asked) - set(SHARES):
            raise bad_request(f"The body must be an object with {' and '.join(SHARES)}.")
        body = self._shown(record)
        body["properties"] = {**body["properties"], **asked}
        answer = await self._management.change("PUT", record.id.text, body)
        return Response(status_code=answer.status)

    async def _sample(self, request: Request) -> Response:
        return self.samples.answer(self._looks.find(request.query_params.get("id", "")).id.name)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(await self._act(self._looks.find(request.query_params.get("id", "")), "listKeys"))

    async def _score(self, request: Request) -> Response:
        record = self._looks.find(request.query_params.get("id", ""))
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
        except (OSError, ValueError) as error:
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


def _found(response: Response | None) -> Response:
    return response or private(Response("Not found", 404))


def _minutes(text: str) -> int:
    length = whole(text, CHART_MINUTES + 1)
    if length is None or length > CHART_MINUTES:
        raise bad_request(f"minutes must be a whole number from 0 to {CHART_MINUTES}.")
    return length
