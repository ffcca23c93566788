"""Bodies of every kind reach a scoring script and come back as they are, end to end with the real server."""

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from azml.emulator.contract.limits import BODY_LIMIT
from tests.fixtures.serving_azure import ServingAzure

BINARY = bytes(range(256)) * 4_000


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/octet-stream", BINARY),
        ("image/png; x=1", b"\x89PNG\r\n\x1a\n" + BINARY),
        ("text/plain; charset=utf-16", "ein Gruß".encode("utf-16")),
        ("application/json", b'{"b" : 1.50,\n "a": [ ]}'),
        ("application/x-ndjson", b"{}\n{}\n"),
        ("application/octet-stream", b""),
    ],
)
def test_what_is_sent_comes_back_byte_for_byte(serving: ServingAzure, kind: str, body: bytes) -> None:
    answer = serving.score(body, "raw", headers={"Content-Type": kind, "x-said": "hello"})
    assert (answer.status, answer.raw) == (200, body)
    assert answer.headers["content-type"] == kind
    assert (answer.headers["x-heard"], answer.headers["x-method"]) == ("hello", "POST")
    assert answer.headers["azureml-model-deployment"] == "raw"


def test_a_body_of_unknown_length_is_whole_at_the_script(serving: ServingAzure) -> None:
    """Sent in chunks, as a client streams what it does not have yet."""

    def parts() -> Iterator[bytes]:
        for number in range(50):
            yield b"%d" % number * 1_000

    answer = serving.score(parts(), "raw")
    assert (answer.status, answer.raw) == (200, b"".join(parts()))


def test_an_answer_of_unknown_length_is_passed_on_in_chunks(serving: ServingAzure) -> None:
    answer = serving.score(b"", "raw", path="/score?parts=100")
    assert answer.status == 200
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.raw == b"".join(b"%d\n" % number * 1_000 for number in range(100))


def test_an_answer_may_be_larger_than_a_request(serving: ServingAzure) -> None:
    answer = serving.score(b"", "raw", path=f"/score?size={3 * BODY_LIMIT}")
    assert answer.raw == b"\xff" * (3 * BODY_LIMIT)


def test_files_of_a_form_reach_the_script(serving: ServingAzure) -> None:
    boundary = "the-boundary"
    parts = {"image": BINARY, "notes": b"some text"}
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + data
        + b"\r\n"
        for name, data in parts.items()
    )
    body += f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    answer = serving.score(body, "raw", path="/score?files=1", headers={"Content-Type": kind})
    assert answer.status == 200, answer.raw
    assert answer.body == {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}


def test_the_limit_is_the_last_size_that_passes(serving: ServingAzure) -> None:
    whole = b"x" * BODY_LIMIT
    answer = serving.score(whole, "raw", headers={"Content-Type": "application/octet-stream"})
    assert (answer.status, hashlib.sha256(answer.raw).digest()) == (200, hashlib.sha256(whole).digest())


def test_an_endless_body_is_refused_without_being_read_to_an_end(serving: ServingAzure) -> None:
    connection = serving.connect()
    connection.putrequest("POST", urlsplit(serving.scoring).path)
    for name, value in (("Authorization", f"Bearer {serving.key}"), ("Transfer-Encoding", "chunked")):
        connection.putheader(name, value)
    connection.endheaders()
    sent = 0
    try:
        while sent < 4 * BODY_LIMIT:
            connection.send(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            sent += 0x100000
        connection.send(b"0\r\n\r\n")
    except OSError:
        pass  # it hung up: that is an answer too
    else:
        assert connection.getresponse().status == 413
    finally:
        connection.close()
    assert serving.score(b"after", "raw").raw == b"after"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_script_says_how_well_it_went(serving: ServingAzure, status: int) -> None:
    assert serving.score(b"x", "raw", path=f"/score?status={status}").status == status


@pytest.mark.parametrize("status", [400, 418, 500, 503])
def test_a_script_s_own_errors_are_model_errors_with_its_words(serving: ServingAzure, status: int) -> None:
    answer = serving.score(b"its words", "raw", path=f"/score?status={status}")
    assert (answer.status, answer.raw) == (424, b"its words")
    assert answer.headers["ms-azureml-model-error-statuscode"] == str(status)


def test_inputs_that_a_script_describes_are_checked_and_converted(serving: ServingAzure) -> None:
    good = serving.score(json.dumps({"data": [[1, 2], [3, 4]], "factor": 10}).encode(), "typed")
    assert (good.status, good.body) == (200, [30.0, 70.0])
    for wrong, status in ((b"{not json", "400"), (b'{"data": [[1, 2]]}', "400")):
        answer = serving.score(wrong, "typed")
        assert (answer.status, answer.headers["ms-azureml-model-error-statuscode"]) == (424, status)


@pytest.mark.parametrize("version", ["2", "3"])
def test_each_deployment_has_its_own_swagger(serving: ServingAzure, version: str) -> None:
    def swagger(deployment: str) -> str:
        answer = serving.score(b"", deployment, path=f"/swagger.json?version={version}", method="GET")
        assert answer.status == 200, answer.raw
        described = answer.body
        assert described.get("swagger", described.get("openapi", "")).startswith(version)
        return json.dumps(described)

    assert '"factor"' in swagger("typed")
    assert '"factor"' not in swagger("steered")


def test_clients_that_leave_disturb_nobody(serving: ServingAzure) -> None:
    place = urlsplit(serving.scoring)
    for part in (b"POST ", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"):
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as plain:
            plain.sendall(part)  # not even TLS
    for _ in range(3):
        connection = serving.connect()
        connection.request(
            "POST",
            f"{place.path}?sleep=0.3",
            b"left",
            {"Authorization": f"Bearer {serving.key}", "azureml-model-deployment": "raw"},
        )
        connection.close()
    began = time.monotonic()
    assert serving.score(b"stayed", "raw").raw == b"stayed"
    assert time.monotonic() - began < 10
