"""The pages with which a test controls the local Azure: faults, states, late reads, the clock."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.control.arm.deleted import DeletedResources
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.steering import Course, Lag, Selector, Span
from azml.emulator.control.http.faults import Faults
from azml.emulator.control.http.guards import Handler
from azml.emulator.control.http.policy_tokens import PolicyTokens, read_demand
from azml.emulator.control.monitor.log_queries import IngestionDelay
from azml.emulator.control.monitor.watch import Watch
from azml.emulator.control.testing.asked import asked_object, check_names, pattern_of

ENDS = ("Succeeded", "Failed", "Canceled")
STATES = ("Creating", "Updating", "Deleting", *ENDS)
METHODS = ("*", "PUT", "PATCH", "POST", "DELETE")
LONGEST_SECONDS = 10 * 365 * 86_400
SPAN = ("reads", "seconds")
WHICH = ("path_pattern", "method", "times")
COURSE = (*WHICH, *SPAN, "state", "ends", "code", "message")
POLICY = ("path_pattern", "method", "tokens", "change_reference")
FAULT = (*WHICH, "status", "code", "message", "delay_ms", "retry_after")


class SteeringPages:
    """They require the control token. Every page answers 204, or 400 with the error."""

    def __init__(
        self,
        service: ResourceManager,
        faults: Faults,
        deleted: DeletedResources,
        policies: PolicyTokens,
        watch: Watch,
        ingestion: IngestionDelay,
    ) -> None:
        self._service = service
        self._steering = service.steering
        self._faults = faults
        self._deleted = deleted
        self._policies = policies
        self._watch = watch
        self._ingestion = ingestion

    def routes(self) -> list[tuple[str, Handler, str]]:
        """Path, handler and method."""
        return [
            ("/_azml/faults", self._add_fault, "POST"),
            ("/_azml/faults", self._clear_faults, "DELETE"),
            ("/_azml/states", self._add_state, "POST"),
            ("/_azml/states", self._clear_states, "DELETE"),
            ("/_azml/lags", self._add_lag, "POST"),
            ("/_azml/log-ingestion", self._delay_logs, "POST"),
            ("/_azml/deleted", self._purge_all, "DELETE"),
            ("/_azml/policy", self._demand_tokens, "POST"),
            ("/_azml/policy", self._demand_nothing, "DELETE"),
            ("/_azml/clock", self._advance, "POST"),
            ("/_azml/clock", self._time, "GET"),
            ("/_azml/clock", self._restore_time, "DELETE"),
        ]

    async def _add_fault(self, request: Request) -> Response:
        self._faults.add(await asked_object(request, FAULT))
        return Response(status_code=204)

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def _add_state(self, request: Request) -> Response:
        asked = await asked_object(request, (*COURSE, "id"))
        if "id" in asked:
            check_names(asked, ("id", "state", *SPAN))
            named = resource_id(str(asked["id"]))
            self._service.show(named.text, _one_of(asked, "state", STATES, "Updating"), _span(asked))
        else:
            self._steering.add(_course(asked))
        return Response(status_code=204)

    async def _clear_states(self, request: Request) -> Response:
        self._steering.clear()
        return Response(status_code=204)

    async def _add_lag(self, request: Request) -> Response:
        asked = await asked_object(request, (*WHICH, *SPAN))
        self._steering.add(Lag(_selector(asked), _span(asked)))
        return Response(status_code=204)

    async def _delay_logs(self, request: Request) -> Response:
        asked = await asked_object(request, ("seconds",))
        self._ingestion.late_seconds = _seconds(asked, "seconds") or 0.0
        return Response(status_code=204)

    async def _demand_tokens(self, request: Request) -> Response:
        asked = await asked_object(request, POLICY)
        self._policies.demand(read_demand(asked, _selector(asked)))
        return Response(status_code=204)

    async def _demand_nothing(self, request: Request) -> Response:
        self._policies.demand(None)
        return Response(status_code=204)

    async def _purge_all(self, request: Request) -> Response:
        self._deleted.clear()
        return Response(status_code=204)

    async def _advance(self, request: Request) -> Response:
        """Move the clock; the rules of Azure Monitor have been looked at when this is answered."""
        asked = await asked_object(request, ("advance",))
        seconds = _seconds(asked, "advance") or 0.0
        await self._watch.advance(seconds)
        self._steering.advance(seconds)
        await self._watch.look()
        return Response(status_code=204)

    async def _restore_time(self, request: Request) -> Response:
        await self._watch.restore_time()
        return Response(status_code=204)

    async def _time(self, request: Request) -> Response:
        return JSONResponse({"seconds": self._steering.clock.now()})


def _course(asked: Json) -> Course:
    return Course(
        which=_selector(asked),
        span=_span(asked),
        state=_one_of(asked, "state", STATES, "") or None,
        ends=_one_of(asked, "ends", ENDS, "Succeeded"),  # type: ignore[arg-type]  # the values of End
        code=str(asked.get("code", "OperationFailed")),
        message=str(asked.get("message", "A failure that was asked for.")),
    )


def _selector(asked: Json) -> Selector:
    times = _count(asked, "times")
    if times == 0:
        raise bad_request("times is 0: it must be at least 1.")
    return Selector(_one_of(asked, "method", METHODS, "*"), pattern_of(asked), times or 1)


def _span(asked: Json) -> Span:
    return Span(_count(asked, "reads"), _seconds(asked, "seconds"))


def _one_of(asked: Json, name: str, known: tuple[str, ...], default: str) -> str:
    value = str(asked.get(name, default))
    if value and value not in known:
        raise bad_request(f"{name} is '{value}': it must be one of {', '.join(known)}.")
    return value


def _count(asked: Json, name: str) -> int | None:
    value = asked.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise bad_request(f"{name} is {value!r}: it must be a whole number.")


def _seconds(asked: Json, name: str) -> float | None:
    value = asked.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_SECONDS:
        message = f"it must be a number of seconds, at most {LONGEST_SECONDS}."
        raise bad_request(f"{name} is {str(value)[:50]}: {message}")
    return float(value)
