"""Spares a program some of the work that Pulumi's SDK does for each resource.

`child.py` runs this file under the program's own interpreter, by its path: it imports only the standard
library and the SDK. Where another SDK has other names, its work is left as it is.
"""

import contextlib
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2, source_pb2

_GATHERED_SECONDS = 0.5


def trace_only_the_program(entry: Path) -> None:
    """Record a resource's stack trace from the program's first frame on, which is in the file `entry`.

    The state keeps the trace of each resource, and a file backend writes the whole state before and after
    each resource: the frames below the program, the same for all, were a third of it.
    """
    from pulumi.runtime import resource

    if whole := getattr(resource, "_get_stack_trace", None):
        address = entry.as_uri()

        def of_the_program() -> "source_pb2.StackTrace":
            trace: source_pb2.StackTrace = whole()
            own = [place for place, frame in enumerate(trace.frames) if frame.pc.uri == address]
            if own:
                del trace.frames[own[-1] + 1 :]
            return trace

        vars(resource)["_get_stack_trace"] = of_the_program


def put_off_urns_of_aliases() -> None:
    """Compute the URN of an alias when it is asked for: for an engine that cannot do so itself.

    Others take the aliases as they are declared. A resource of azure-native has dozens, and a quarter of the
    program's time went to their URNs. An alias with a fault still fails at once.
    """
    from pulumi import resource

    if now := getattr(resource, "collapse_alias_to_urn", None):

        def when_asked(alias: Any, *defaults: Any) -> Any:
            faulty = None in (getattr(alias, "name", ...), getattr(alias, "type_", ...))
            return now(alias, *defaults) if faulty else _Urn(lambda: now(alias, *defaults))

        vars(resource)["collapse_alias_to_urn"] = when_asked


class _Urn:
    """An input whose value is computed when somebody waits for it."""

    def __init__(self, output: Callable[[], Any]) -> None:
        self._output = output

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._output().future().__await__()  # type: ignore[no-any-return]


def gather_debug_messages() -> Callable[[], None]:
    """Send messages that `--debug` would show in groups, and the rest when the answer is called.

    The SDK sends five of them for each resource, one by one, waits for each, and cannot know that the engine
    shows none.
    """
    from pulumi.runtime import settings

    engine = settings.get_engine()
    if engine is None:
        return lambda: None
    log = _Log(engine.Log)
    engine.Log = log
    return log.send


class _Log:
    """Takes the place of the engine's `Log`. Other messages are sent at once, after those that wait."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._waiting: list[engine_pb2.LogRequest] = []

    def __call__(self, request: "engine_pb2.LogRequest", *options: Any, **named: Any) -> Any:
        if request.severity or request.urn or request.streamId or request.ephemeral:
            self.send()
            return self._send(request, *options, **named)
        with self._lock:
            self._waiting.append(request)
            if len(self._waiting) > 1:
                return None
        timer = threading.Timer(_GATHERED_SECONDS, self.send)
        timer.daemon = True
        timer.start()
        return None

    def send(self) -> None:
        """Send what waits. An engine that has left shows nothing more."""
        from grpc import RpcError

        with self._lock:
            waiting, self._waiting = self._waiting, []
            if waiting:
                waiting[0].message = "\n".join(request.message for request in waiting)
                with contextlib.suppress(RpcError):
                    self._send(waiting[0])
