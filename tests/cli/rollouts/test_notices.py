"""Webhooks get JSON; what fails is said without the address, which is a secret."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from azml.cli.clone import Clone
from azml.cli.failure import CommandError
from azml.cli.rollouts import notices
from azml.cli.rollouts.notices import Webhooks
from azml.cli.stacks.stacks import Stack
from azml.rollout.driving.ports import Unavailable
from azml.rollout.plan import Notice


class Hook(BaseHTTPRequestHandler):
    """Takes notices; at /moved it sends elsewhere, at /broken it fails."""

    got: ClassVar[list[object]] = []

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response({"/moved": 302, "/broken": 500}.get(self.path, 204))
        self.send_header("Location", "http://example.invalid/secret")
        self.end_headers()

    def log_message(self, *given: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Engine:
    """Pulumi, with these secrets."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.secrets = secrets

    def quiet(self, *arguments: str) -> str:
        name = arguments[2]
        if name not in self.secrets:
            raise CommandError(f"pulumi config failed: configuration key '{name}' not found")
        return f"{self.secrets[name]}\n"


def webhooks(monkeypatch: pytest.MonkeyPatch, **secrets: str) -> Webhooks:
    named = {f"rollout:{name}": address for name, address in secrets.items()}
    monkeypatch.setattr(notices, "engine_of", lambda stack: Engine(named))
    return Webhooks(Stack(Clone(Path("/nowhere")), "dev"))


def test_a_webhook_gets_the_notice(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks(monkeypatch, team=f"{hook}/secret").tell("team", '{"reached": "paused"}')
    assert Hook.got == [{"reached": "paused"}]


@pytest.mark.parametrize(("path", "words"), [("moved", "answered 302"), ("broken", "answered 500")])
def test_a_failure_is_said_without_the_address(
    hook: str, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    with pytest.raises(Unavailable, match=words) as failed:
        webhooks(monkeypatch, team=f"{hook}/{path}").tell("team", "{}")
    assert hook not in str(failed.value)


def test_nobody_there_is_said_without_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as failed:
        webhooks(monkeypatch, team="http://127.0.0.1:1/secret").tell("team", "{}")
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("address", ["http://example.com/x", "ftp://127.0.0.1/x", "https://", "team"])
def test_only_https_and_this_machine_are_sent_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    (finding,) = webhooks(monkeypatch, team=address).problems([Notice(("paused",), "team")])
    assert "rollout:team is not an address" in finding.message


def test_a_secret_that_is_missing_is_found_before_a_rollout_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = webhooks(monkeypatch).problems([Notice(("paused",), "team"), Notice(("stuck",), "team")])
    assert "no secret rollout:team" in finding.message
    assert "pulumi config set --secret rollout:team" in finding.remedy
