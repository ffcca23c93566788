"""The router as a process of its own, over TLS, with small servers in the place of scoring processes."""

import asyncio
import json
import time
import uuid
from collections import Counter

import pytest

from azml.emulator.base.identity import sign
from azml.emulator.contract import routing_table
from tests.emulator.harness import KEY, Routed, Upstream, echo, until

HEAD = f"POST /westeurope/e/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n".encode()


async def slow(request: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def failing(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\noops")


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return status, await reader.readexactly(int(line.split(b":")[1]))
    return status, b""


async def test_bodies_and_types_pass_untouched_both_ways(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    binary = bytes(range(256)) * 4_000
    status, headers, body = await routed.ask(binary, headers={"Content-Type": "image/png; x=1"})
    assert (status, body, headers["Content-Type"]) == (200, binary, "image/png; x=1")
    multipart = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--\r\n"
    status, headers, body = await routed.ask(
        multipart, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert (status, body, headers["Content-Type"]) == (200, multipart, "multipart/form-data; boundary=b")


async def test_the_key_stays_at_the_front_and_ids_are_the_fronts_own(routed: Routed) -> None:
    upstream = await routed.upstream("one")
    await routed.route({"blue": [upstream]})
    sent_ids = {"x-request-id": "mine", "x-ms-client-request-id": "a.b/c:d_e-" + "9" * 90}
    _, headers, _ = await routed.ask(headers={**sent_ids, "x-custom": "Value"}, path="score?a=b")
    sent = upstream.requests[0]
    assert KEY.encode() not in sent
    assert sent.startswith(b"POST /score?a=b HTTP/1.1\r\n")
    assert b"x-custom: Value\r\n" in sent
    assert str(uuid.UUID(headers["x-request-id"])) == headers["x-request-id"]
    assert headers["x-ms-client-request-id"] == "abcd_e-" + "9" * 33
    for name in sent_ids:
        assert f"{name}: {headers[name]}\r\n".encode() in sent
    assert headers["azureml-model-deployment"] == "blue"
    _, again, _ = await routed.ask(key="wrong", headers={"x-ms-client-request-id": "::"})
    assert again["x-request-id"] != headers["x-request-id"]
    assert "x-ms-client-request-id" not in again


@pytest.mark.parametrize("key", [None, "wrong", KEY + "x", ""])
async def test_without_the_right_key_the_answer_is_401(routed: Routed, key: str | None) -> None:
    upstream = await routed.upstream("one")
    await routed.route({"blue": [upstream]})
    status, _, body = await routed.ask(key=key)
    assert status == 401
    assert json.loads(body)["error"]["code"] == "Unauthorized"
    assert not upstream.requests


async def test_a_signed_token_opens(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]}, token_secret="s")
    token = sign({"exp": time.time() + 60}, "s")
    assert (await routed.ask(key=token))[0] == 200


async def test_paths_that_are_no_endpoint_are_404(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    for path in ("other", "score/more", "../x/score"):
        assert (await routed.ask(path=path))[0] == 404
    for path in ("", "swagger.json", "swagger.json?version=3"):
        assert (await routed.ask(path=path, method="GET"))[0] == 200


async def test_shares_are_kept_and_the_header_overrides(routed: Routed) -> None:
    blue, green = await routed.upstream("b"), await routed.upstream("g")
    await routed.route({"blue": [blue], "green": [green]}, {"blue": 75, "green": 25}, concurrency=100)
    named = Counter([(await routed.ask())[1]["azureml-model-deployment"] for _ in range(400)])
    assert 55 <= named["green"] <= 150  # five standard deviations
    before = len(green.requests)
    for _ in range(20):
        await routed.ask(headers={"azureml-model-deployment": "green"})
    assert len(green.requests) == before + 20
    assert (await routed.ask(headers={"azureml-model-deployment": "red"}))[0] == 404


async def test_no_positive_share_is_404(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]}, {"blue": 0})
    status, _, body = await routed.ask()
    assert (status, json.loads(body)["error"]["code"]) == (404, "NoTraffic")


async def test_mirrored_requests_are_answered_once_and_never_late(routed: Routed) -> None:
    blue, green = await routed.upstream("b"), await routed.upstream("g", slow)
    await routed.route({"blue": [blue], "green": [green]}, {"blue": 100}, mirror={"green": 50})
    began = time.monotonic()
    for _ in range(15):
        status, headers, _ = await routed.ask(b"[1]")
        assert (status, headers["azureml-model-deployment"]) == (200, "blue")
    assert time.monotonic() - began < 5
    await until(lambda: green.requests)
    assert green.requests[0].endswith(b"[1]")
    assert KEY.encode() not in green.requests[0]


async def test_a_model_error_is_424_with_its_status(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one", failing)]})
    status, headers, body = await routed.ask()
    assert (status, body) == (424, b"oops")
    assert headers["ms-azureml-model-error-statuscode"] == "500"
    assert headers["ms-azureml-model-error-reason"] == "model_error"


async def test_a_late_answer_is_408_and_the_router_is_free_again(routed: Routed) -> None:
    upstream = await routed.upstream("one", slow)
    await routed.route({"blue": [upstream]}, timeout_ms=200, concurrency=1)
    began = time.monotonic()
    assert (await routed.ask())[0] == 408
    assert time.monotonic() - began < 3
    upstream.handler = echo
    assert (await routed.ask())[0] == 200


async def test_over_twice_the_concurrency_is_429(routed: Routed) -> None:
    await routed.route(
        {"blue": [await routed.upstream("one", slow), await routed.upstream("two", slow)]},
        timeout_ms=1_000,
        concurrency=2,
    )
    statuses = Counter([status for status, _, _ in await asyncio.gather(*(routed.ask() for _ in range(11)))])
    assert statuses == {429: 3, 408: 8}


async def test_an_instance_never_gets_more_than_its_concurrency(routed: Routed) -> None:
    busy = most = 0

    async def counting(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.05)
        busy -= 1
        await echo(request, writer)

    await routed.route({"blue": [await routed.upstream("one", counting)]}, concurrency=3)
    statuses = [status for status, _, _ in await asyncio.gather(*(routed.ask() for _ in range(6)))]
    assert (statuses, most) == ([200] * 6, 3)


async def test_the_limit_of_a_body_is_10_mb(routed: Routed) -> None:
    upstream = await routed.upstream("one")
    await routed.route({"blue": [upstream]})
    limit = 10 * 1024 * 1024
    assert (await routed.ask(b"x" * limit))[0] == 200
    assert (await routed.ask(b"x" * (limit + 1)))[0] == 413
    _, writer = chunked = await routed.raw()
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(11):
        writer.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    assert (await read_answer(chunked[0]))[0] == 413
    assert len(upstream.requests) == 1


async def test_chunked_requests_and_answers_of_unknown_length(routed: Routed) -> None:
    async def until_close(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + request.partition(b"\r\n\r\n")[2]
        )

    await routed.route({"blue": [await routed.upstream("one", until_close)]})
    reader, writer = await routed.raw()
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert await reader.readuntil(b"0\r\n\r\n") == b"5\r\nabcde\r\n0\r\n\r\n"


async def test_an_answer_arrives_while_it_is_being_made(routed: Routed) -> None:
    more = asyncio.Event()

    async def parts(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await more.wait()
        writer.write(b"1\r\nb\r\n0\r\n\r\n")

    await routed.route({"blue": [await routed.upstream("one", parts)]})
    reader, writer = await routed.raw()
    writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(6) == b"1\r\na\r\n"
    more.set()
    assert await reader.readuntil(b"0\r\n\r\n") == b"1\r\nb\r\n0\r\n\r\n"


async def test_pipelined_requests_are_answered_in_their_order(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    reader, writer = await routed.raw()
    writer.write(b"".join(HEAD + b"Content-Length: 2\r\n\r\n%02d" % number for number in range(40)))
    answers = [await read_answer(reader) for _ in range(40)]
    assert answers == [(200, b"%02d" % number) for number in range(40)]


async def test_a_client_that_waits_to_send_its_body_is_told_to(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    reader, writer = await routed.raw()
    writer.write(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ok")
    assert await read_answer(reader) == (200, b"ok")
    writer.write(HEAD + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
    assert (await read_answer(reader))[0] == 413


async def test_a_foreign_host_header_is_refused(routed: Routed) -> None:
    upstream = await routed.upstream("one")
    await routed.route({"blue": [upstream]})
    assert (await routed.ask(headers={"Host": "evil.example"}))[0] == 400
    assert not upstream.requests


async def test_what_is_no_http_is_refused_and_the_router_lives(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    for garbage in (b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", HEAD + b"Content-Length: x\r\n\r\n"):
        reader, writer = await routed.raw()
        writer.write(garbage)
        assert b" 400 " in await reader.readuntil(b"\r\n")
    reader, writer = await routed.raw()
    writer.write(HEAD + b"X-Long: " + b"x" * 700_000)
    assert b" 431 " in await reader.readuntil(b"\r\n")
    assert (await routed.ask())[0] == 200


@pytest.mark.parametrize("wish", ["Upgrade: h2c", "Upgrade: websocket\r\nSec-WebSocket-Version: 13"])
async def test_a_wish_for_another_protocol_is_not_heard_and_costs_no_body(routed: Routed, wish: str) -> None:
    """Also the next request on the connection is answered, and the model sees nothing of the wish."""
    one = await routed.upstream("one")
    await routed.route({"blue": [one]})
    reader, writer = await routed.raw()
    asked = HEAD + f"Connection: Upgrade\r\n{wish}\r\n".encode()
    writer.write(asked + b"Content-Length: 4\r\n\r\nbody" + HEAD + b"Content-Length: 4\r\n\r\nnext")
    assert [await read_answer(reader) for _ in range(2)] == [(200, b"body"), (200, b"next")]
    writer.write(asked + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    writer.write(b"0\r\n\r\n")
    assert await read_answer(reader) == (200, b"abc")
    writer.write(asked + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ok")
    assert await read_answer(reader) == (200, b"ok")
    assert not any(b"pgrade" in request for request in one.requests)
    writer.write(b"CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await read_answer(reader))[0] == 404


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (431, b"".join(b"x-%d: 1\r\n" % number for number in range(99))),
        (431, b"x-long: " + b"x" * 8_181 + b"\r\n"),
        (431, b"".join(b"x-%d: %s\r\n" % (number, b"x" * 8_000) for number in range(9))),
        (400, b"Host: localhost\r\n"),
        (400, b"Host: elsewhere\r\n"),
        (200, b"".join(b"x-%d: 1\r\n" % number for number in range(97))),
        (200, b"x-long: " + b"x" * 8_180 + b"\r\n"),
    ],
)
async def test_a_head_that_a_server_would_refuse_never_comes_to_the_model(
    routed: Routed, status: int, more: bytes
) -> None:
    """As a model's error it would be 424, and counted against the deployment."""
    one = await routed.upstream("one", failing if status != 200 else echo)
    await routed.route({"blue": [one]})
    reader, writer = await routed.raw()
    writer.write(HEAD + more + b"Content-Length: 2\r\n\r\n{}")
    assert (await read_answer(reader))[0] == status
    assert len(one.requests) == (status == 200)
    assert bool(await routed.router_client.counted()) == (status == 200)


async def test_a_target_that_a_server_would_refuse_is_414(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    assert (await routed.ask(path="score?" + "x" * 4_000))[0] == 414


async def test_until_all_is_told_nothing_is_said_to_be_missing(routed: Routed) -> None:
    """A router that has heard of nothing yet, and one that has heard of some: 503, and when to ask again."""
    status, headers, _ = await routed.ask()
    assert (status, headers["Retry-After"]) == (503, "1")
    deployment = routing_table.RoutedDeployment("/blue", "blue", 5_000, 1, ())
    for deployments, header in (((), None), ((), "blue"), ((deployment,), None), ((deployment,), "green")):
        shares = {"blue": 100}
        endpoint = routing_table.RoutedEndpoint("/e", "westeurope/e", (KEY,), None, shares, {}, deployments)
        await routed.router_client.route(routing_table.RoutingTable((endpoint,), complete=False))
        named = {"azureml-model-deployment": header} if header else {}
        status, headers, _ = await routed.ask(headers=named)
        assert (status, headers["Retry-After"]) == (503, "1"), (deployments, header)
        assert (await routed.ask(key="wrong"))[0] == 401
    await routed.route({"blue": [await routed.upstream("one")]})
    assert (await routed.ask(headers={"azureml-model-deployment": "green"}))[0] == 404
    await routed.route({}, {"blue": 100})
    status, headers, _ = await routed.ask()
    assert (status, headers["Retry-After"]) == (503, "1"), "what has a share exists"


async def test_an_x_ms_request_id_over_100_characters_is_431(routed: Routed) -> None:
    await routed.route({"blue": [await routed.upstream("one")]})
    assert (await routed.ask(headers={"x-ms-request-id": "x" * 101}))[0] == 431


async def test_a_dead_instance_costs_no_request_while_another_lives(routed: Routed) -> None:
    dead = Upstream("dead", str(routed.run_dir / "dead.sock"), echo)
    await routed.route({"blue": [dead, await routed.upstream("one")]})
    assert {(await routed.ask())[0] for _ in range(30)} == {200}
    await routed.route({"blue": [dead]})
    assert (await routed.ask())[0] == 503
    await routed.route({"blue": []})
    assert (await routed.ask())[0] == 503


async def test_a_process_that_dies_half_way(routed: Routed) -> None:
    """Before the answer began it is 502; after that only a broken connection tells the client."""

    async def vanish(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def half(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

    await routed.route({"blue": [await routed.upstream("one", vanish)]})
    assert (await routed.ask())[0] == 502
    await routed.route({"blue": [await routed.upstream("two", half)]})
    reader, writer = await routed.raw()
    writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(10)


async def test_a_client_that_goes_away_frees_its_place(routed: Routed) -> None:
    upstream = await routed.upstream("one", slow)
    await routed.route({"blue": [upstream]}, concurrency=1, timeout_ms=30_000)
    _, writer = await routed.raw()
    writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
    await until(lambda: upstream.requests)
    assert await routed.router_client.busy([upstream.instance]) == 1
    writer.transport.abort()
    upstream.handler = echo
    assert (await asyncio.wait_for(routed.ask(), 10))[0] == 200
    assert await routed.router_client.busy([upstream.instance]) == 0


async def test_no_request_is_lost_while_shares_shift_and_deployments_go(routed: Routed) -> None:
    async def brief(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        await echo(request, writer)

    blue, green = await routed.upstream("b", brief), await routed.upstream("g", brief)
    await routed.route({"blue": [blue]}, concurrency=20)
    statuses: Counter[int] = Counter()
    stop = asyncio.Event()

    async def client() -> None:
        while not stop.is_set():
            statuses[(await routed.ask())[0]] += 1

    clients = [asyncio.create_task(client()) for _ in range(8)]
    for _ in range(10):
        await routed.route({"blue": [blue], "green": [green]}, {"blue": 50, "green": 50}, concurrency=20)
        blue.requests.clear()
        green.requests.clear()
        await until(lambda: blue.requests and green.requests)
        await routed.route({"green": [green]}, {"green": 100}, concurrency=20)
        await routed.route({"blue": [blue]}, {"blue": 100}, concurrency=20)
    stop.set()
    await asyncio.gather(*clients)
    assert set(statuses) == {200}


async def test_what_is_under_way_finishes_after_its_deployment_is_gone(routed: Routed) -> None:
    go = asyncio.Event()

    async def waiting(request: bytes, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await echo(request, writer)

    upstream = await routed.upstream("one", waiting)
    await routed.route({"blue": [upstream]}, concurrency=1)
    asked = [asyncio.create_task(routed.ask()) for _ in range(2)]  # one under way, one in the queue
    await until(lambda: upstream.requests)
    await routed.route({})
    assert (await routed.ask())[0] == 404
    assert await routed.router_client.busy([upstream.instance]) == 2
    go.set()
    assert [status for status, _, _ in await asyncio.gather(*asked)] == [200, 200]
    assert await routed.router_client.busy([upstream.instance]) == 0


async def test_requests_are_counted_by_deployment_and_status(routed: Routed) -> None:
    good, bad = await routed.upstream("g"), await routed.upstream("b", failing)
    await routed.route({"good": [good], "bad": [bad]}, {"good": 100})
    for _ in range(3):
        await routed.ask()
    await routed.ask(headers={"azureml-model-deployment": "bad"})
    await routed.ask(path="", method="GET")
    counted = Counter[tuple[str, int, int]]()
    for one in await routed.router_client.counted():
        for (status, model_status), number in one.tally.statuses.items():
            counted[one.deployment, status, model_status] += number
        assert one.tally.percentile(50) > 0
    assert await routed.router_client.counted() == [], "what was told is forgotten"
    assert counted == {("good", 200, 200): 3, ("bad", 424, 500): 1}


async def test_headers_after_a_chunked_body_count_for_nothing(routed: Routed) -> None:
    """They come after the request was checked: a long id, and as many more as a client cares to send."""
    one = await routed.upstream("blue")
    await routed.route({"blue": [one]})
    reader, writer = await routed.raw()
    head = f"POST /westeurope/e/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
    body = "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n"
    writer.write(f"{head}{body}x-ms-request-id: {'i' * 200}\r\nx-late: 1\r\n\r\n".encode())
    assert b" 200 " in (await reader.read()).split(b"\r\n")[0]
    assert b"x-late" not in one.requests[0]
    assert b"iii" not in one.requests[0]


async def test_a_model_cannot_speak_for_the_front(routed: Routed) -> None:
    async def forge(request: bytes, writer: asyncio.StreamWriter) -> None:
        own = b"azureml-model-deployment: green\r\nms-azureml-model-error-statuscode: 500\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + own + b"Content-Length: 0\r\n\r\n")

    await routed.route({"blue": [await routed.upstream("blue", forge)]})
    _, headers, _ = await routed.ask()
    assert headers.getall("azureml-model-deployment") == ["blue"]
    assert "ms-azureml-model-error-statuscode" not in headers


async def test_a_model_that_changes_the_protocol_is_a_bad_gateway(routed: Routed) -> None:
    async def switch(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        await asyncio.sleep(3)

    await routed.route({"blue": [await routed.upstream("blue", switch)]}, timeout_ms=2_000)
    assert (await routed.ask())[0] == 502


async def test_answers_do_not_pile_up_for_a_client_that_reads_none(routed: Routed) -> None:
    async def large(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)

    one = await routed.upstream("blue", large)
    await routed.route({"blue": [one]})
    reader, writer = await routed.raw()
    head = f"GET /westeurope/e/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    count = 400
    writer.write(head.encode() * count)
    seen = -1
    while seen != len(one.requests):
        seen = len(one.requests)
        await asyncio.sleep(0.5)
    assert seen < count / 2, "what the sockets hold, and no more"
    writer.transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(count):
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(200_000)
    assert len(one.requests) == count
