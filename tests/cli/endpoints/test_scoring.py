"""One request to a scoring address, over a real connection."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from azml.azure.errors import UnreachableError
from azml.cli.endpoints.scoring import Request, read_request, send
from azml.cli.failure import CommandError, InputError

EMPTY = Request(b"[]", "application/json")
Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def endpoint(*answers: Answer) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Gives these answers in turn; its address, and what each request carried."""
    seen: list[dict[str, str]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("latin-1")
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
        assert send("price", uri, "key", "green", Request(picture, "image/png", "id-1")) == picture
    assert seen[0]["authorization"] == "Bearer key"
    assert seen[0]["azureml-model-deployment"] == "green"
    assert seen[0]["content-type"] == "image/png"
    assert seen[0]["x-ms-client-request-id"] == "id-1"
    assert seen[0]["body"].encode("latin-1") == picture


def test_without_a_deployment_the_traffic_decides() -> None:
    with endpoint((200, {}, b"1")) as (uri, seen):
        send("price", uri, "key", None, EMPTY)
    assert "azureml-model-deployment" not in seen[0]


def test_an_endpoint_that_is_not_there_yet_is_asked_again() -> None:
    with endpoint((503, {}, b"not yet"), (200, {}, b"1")) as (uri, _):
        assert send("price", uri, "key", None, EMPTY) == b"1"


@pytest.mark.parametrize("status", [400, 401, 408, 424, 429])
def test_a_refusal_is_told_once_in_the_endpoints_words(status: int) -> None:
    with endpoint((status, {}, b"the request must be")) as (uri, seen):
        with pytest.raises(CommandError, match=f"green answered {status}: the request must be"):
            send("price", uri, "key", "green", EMPTY)
        assert len(seen) == 1


@pytest.mark.parametrize(("status", "hint"), [(424, "see: azml logs price green"), (404, ""), (401, "")])
def test_the_log_is_named_only_where_it_tells_more(status: int, hint: str) -> None:
    with endpoint((status, {}, b"no")) as (uri, _), pytest.raises(CommandError) as refused:
        send("price", uri, "key", "green", EMPTY)
    assert refused.value.remedy == hint


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.json", "application/json"),
        ("a.png", "image/png"),
        ("a.csv", "text/csv"),
        ("a", "application/octet-stream"),
    ],
)
def test_a_file_is_sent_as_what_its_ending_says(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"[1 ]")
    assert read_request(tmp_path / name) == Request(b"[1 ]", kind)
    assert read_request(tmp_path / name, "a/b; c=d") == Request(b"[1 ]", "a/b; c=d")


def test_json_that_is_not_valid_is_told_before_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{,}")
    with pytest.raises(InputError, match=r"a\.json is not valid JSON: .*line 1"):
        read_request(tmp_path / "a.json")
    assert read_request(tmp_path / "a.json", "text/plain").content == b"{,}"


def test_the_key_goes_to_nobody_else() -> None:
    with (
        endpoint((200, {}, b"1")) as (elsewhere, seen),
        endpoint((307, {"Location": elsewhere.replace("127.0.0.1", "localhost")}, b"")) as (uri, _),
    ):
        send("price", uri, "key", None, EMPTY)
    assert "authorization" not in seen[0]


def test_nobody_at_the_address() -> None:
    with endpoint() as (uri, _):
        pass
    with pytest.raises(UnreachableError, match=f"{uri} does not answer"):
        send("price", uri, "key", None, EMPTY)
