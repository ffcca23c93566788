"""The proxy for shells: real Azure is refused by name, everything else is reached, nothing is left open."""

import asyncio
import base64
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import requests

from azml.azure.http import Http
from azml.emulator.control.server.proxy import Proxy, is_azure, listen


@pytest.mark.parametrize(
    "host",
    [
        "management.azure.com",
        "MANAGEMENT.AZURE.COM.",
        "westeurope.api.azureml.ms",
        "account.blob.core.windows.net",
        "vault.vault.azure.net",
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "management.usgovcloudapi.net",
        "endpoint.westeurope.inference.ml.azure.com",
        "westus2.livediagnostics.monitor.azure.com",
        "169.254.169.254",
    ],
)
def test_real_azure_is_known_by_its_names(host: str) -> None:
    assert is_azure(host)


@pytest.mark.parametrize(
    "host",
    [
        "files.example.org",
        "pkgs.dev.azure.com",
        "notazure.com",
        "azure.com.example.org",
        "learn.microsoft.com",
        "mcr.microsoft.com",
        "github.com",
        "127.0.0.1",
    ],
)
def test_other_hosts_are_not_azure(host: str) -> None:
    assert not is_azure(host)


def test_a_new_proxy_takes_the_port_of_the_last(tmp_path: Path) -> None:
    with listen(tmp_path) as first:
        port = first.getsockname()[1]
        with listen(tmp_path) as second:
            assert second.getsockname()[1] != port, "taken by the first"
            other = second.getsockname()[1]
    with listen(tmp_path) as third:
        assert third.getsockname()[1] == other
    (tmp_path / "proxy-port").write_text("99999999")
    with listen(tmp_path) as fourth:
        assert 0 < fourth.getsockname()[1] < 65_536


SECRET = "s3cret"
CREDENTIAL = b"Proxy-Authorization: Basic " + base64.b64encode(f"azml:{SECRET}".encode()) + b"\r\n"
Ask = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Ask]:
    """Send bytes to a proxy, say no more, and have all that it says."""
    with listen(tmp_path) as listening:
        proxy = Proxy(listening, SECRET)
        port = int(proxy.url.rpartition(":")[2])

        async def send(content: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(content)
            writer.write_eof()
            async with asyncio.timeout(10):
                said = await reader.read()
            writer.close()
            return said

        async with proxy.running():
            yield send


def connect(port: int) -> bytes:
    """A request of one of its own clients."""
    return f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n".encode() + CREDENTIAL + b"\r\n"


@asynccontextmanager
async def shouting() -> AsyncIterator[int]:
    """A server that gives back in capitals what it was sent, and its port."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_refusal_names_the_host_and_the_reason(ask: Ask) -> None:
    said = await ask(b"CONNECT management.azure.com:443 HTTP/1.1\r\n" + CREDENTIAL + b"\r\n")
    assert said.startswith(b"HTTP/1.1 403 management.azure.com is real Azure")


async def test_another_host_is_reached_and_its_bytes_pass(ask: Ask) -> None:
    async with shouting() as port:
        said = await ask(connect(port) + b"hello")
    assert said == b"HTTP/1.1 200 OK\r\n\r\nHELLO"


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"Proxy-Authorization: Basic YXptbDo=\r\n",
        b"Proxy-Authorization: Bearer " + SECRET.encode() + b"\r\n",
        b"Authorization" + CREDENTIAL.removeprefix(b"Proxy-Authorization"),
        b"Proxy-Authorization: Basic\r\nX: " + CREDENTIAL,
    ],
)
async def test_without_its_credential_nothing_is_reached_and_the_way_to_it_is_told(
    ask: Ask, given: bytes
) -> None:
    """Also no word on which hosts are Azure's, nor on which are there."""
    async with shouting() as port:
        for host in (f"127.0.0.1:{port}", "management.azure.com:443", "127.0.0.1:1"):
            said = await ask(f"CONNECT {host} HTTP/1.1\r\n".encode() + given + b"\r\n")
            assert said.startswith(b"HTTP/1.1 407 this proxy serves the local Azure's own shells")
            assert b'\r\nProxy-Authenticate: Basic realm="azml"\r\n' in said


async def test_real_clients_present_the_credential_of_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own, requests and ours; all of them show the words of the refusal."""
    clients: tuple[Callable[[str], object], ...] = (
        requests.get,
        lambda url: urllib.request.build_opener().open(url),  # urlopen keeps the proxies of its first use
        lambda url: Http(lambda _: None).request("GET", url),
    )
    with listen(tmp_path) as listening:
        proxy = Proxy(listening, SECRET)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with proxy.running():
            for asking in clients:
                with pytest.raises(Exception, match="is real Azure"):
                    await asyncio.to_thread(asking, "https://management.azure.com/")


async def test_a_host_that_is_not_there_is_told(ask: Ask) -> None:
    async with shouting() as port:
        pass
    said = await ask(connect(port))
    assert said.startswith(b"HTTP/1.1 502 127.0.0.1 cannot be reached")


@pytest.mark.parametrize(
    "request_line",
    [b"GET http://management.azure.com/ HTTP/1.1", b"CONNECT nowhere HTTP/1.1", b"CONNECT a:1 b HTTP/1.1"],
)
async def test_what_is_no_connect_is_refused(ask: Ask, request_line: bytes) -> None:
    assert (await ask(request_line + b"\r\n" + CREDENTIAL + b"\r\n")).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize("content", [b"", b"CONNECT a", b"x" * 100_000, b"\0" * 10], ids=len)
async def test_noise_is_hung_up_on(ask: Ask, content: bytes) -> None:
    try:
        assert await ask(content) == b""
    except ConnectionError:
        return  # cut while it was still sending


async def test_ending_cuts_what_is_open(tmp_path: Path) -> None:
    with listen(tmp_path) as listening:
        proxy = Proxy(listening, SECRET)
        async with shouting() as far, proxy.running():
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(connect(far))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\n\r\n"
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
