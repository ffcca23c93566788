"""One request to a scoring address, over a real connection."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from azml.azure.errors import UnreachableError
from azml.cli.failure import CommandError
from azml.cli.scoring import send

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def endpoint(*answers: Answer) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Gives these answers in turn; its address, and what each request carried."""
    seen: list[dict[str, str]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append({**{name.lower(): value for name, value in self.headers.items()}, "body": body})
            status, headers, content = left.pop(0)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        log_message: Callable[..., None] = lambda *_: None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/score", seen
    finally:
        server.shutdown()
        server.server_close()


def test_an_answer_comes_byte_for_byte_from_the_deployment_that_was_asked() -> None:
    picture = bytes(range(256))
    with endpoint((200, {"Content-Type": "application/json"}, picture)) as (uri, seen):
        assert send(uri, "key", "green", {"data": [1.5]}) == picture
    assert seen[0]["authorization"] == "Bearer key"
    assert seen[0]["azureml-model-deployment"] == "green"
    assert seen[0]["content-type"] == "application/json"
    assert json.loads(seen[0]["body"]) == {"data": [1.5]}


def test_without_a_deployment_the_traffic_decides() -> None:
    with endpoint((200, {}, b"1")) as (uri, seen):
        send(uri, "key", None, [])
    assert "azureml-model-deployment" not in seen[0]


def test_an_endpoint_that_is_not_there_yet_is_asked_again() -> None:
    with endpoint((503, {}, b"not yet"), (200, {}, b"1")) as (uri, _):
        assert send(uri, "key", None, []) == b"1"


@pytest.mark.parametrize("status", [400, 401, 408, 424, 429])
def test_a_refusal_is_told_once_in_the_endpoints_words(status: int) -> None:
    with endpoint((status, {}, b"the request must be")) as (uri, seen):
        with pytest.raises(CommandError, match=f"green answered {status}: the request must be"):
            send(uri, "key", "green", [])
        assert len(seen) == 1


def test_the_key_goes_to_nobody_else() -> None:
    with (
        endpoint((200, {}, b"1")) as (elsewhere, seen),
        endpoint((307, {"Location": elsewhere.replace("127.0.0.1", "localhost")}, b"")) as (uri, _),
    ):
        send(uri, "key", None, [])
    assert "authorization" not in seen[0]


def test_nobody_at_the_address() -> None:
    with endpoint() as (uri, _):
        pass
    with pytest.raises(UnreachableError, match=f"{uri} does not answer"):
        send(uri, "key", None, [])
