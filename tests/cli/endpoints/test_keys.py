"""The keys of an endpoint: a new one gets time, and a request that the model refuses is told at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from azml.azure.arm import Arm
from azml.azure.settings import AzureSettings
from azml.cli.clone import Clone
from azml.cli.endpoints import keys, scoring
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.endpoints.keys import EndpointKeys, Keys, Which
from azml.cli.endpoints.scoring import Refused, Request
from azml.cli.failure import CommandError, InputError
from azml.cli.stacks.stacks import Connection, Stack, WorkspaceName

WORKSPACE = WorkspaceName("s", "rg", "ws")
BLUE = OnlineDeployment("blue", "Succeeded", "Standard_DS2_v2", 1)
ENDPOINT = OnlineEndpoint(
    WORKSPACE, "price", "Succeeded", "Key", "https://price/score", {"blue": 100}, {}, (BLUE,), {}
)


@dataclass
class SlowArm:
    """An Azure that shows a new key at the third look, and waits for nothing."""

    looks: int = 0
    renewed: bool = False
    bodies: list[Any] = field(default_factory=list)

    def post(self, path: str, version: str, body: Any = None) -> dict[str, str]:
        if path.endswith("regenerateKeys"):
            self.renewed, self.looks = True, 0
            self.bodies.append(body)
            return {}
        self.looks += 1
        new = self.renewed and self.looks > 2
        return {"primaryKey": "one", "secondaryKey": "new" if new else "two"}

    def pause(self, seconds: float) -> None:
        pass


@pytest.fixture
def azure() -> SlowArm:
    return SlowArm()


def of(azure: SlowArm, endpoint: OnlineEndpoint = ENDPOINT) -> EndpointKeys:
    stack = Stack(Clone(Path("/nowhere")), "dev")
    connection = Connection(stack, WORKSPACE, cast(Arm, azure), AzureSettings())
    return EndpointKeys(connection, endpoint, Request(b"{}", "application/json"))


def answers(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> list[str | None]:
    """Has requests answered like this; the deployments that they name."""
    left: Iterator[int] = iter(statuses)
    named: list[str | None] = []

    def send(endpoint: str, uri: str, bearer: str, deployment: str | None, asked: Request) -> bytes:
        named.append(deployment)
        if (status := next(left)) != 200:
            raise Refused(endpoint, deployment, status, b"no")
        return b"1"

    monkeypatch.setattr(scoring, "send", send)
    return named


def test_a_new_key_is_waited_for_until_azure_shows_it(azure: SlowArm) -> None:
    assert of(azure).regenerate(Which.SECONDARY) == Keys("one", "new")
    assert azure.bodies == [{"keyType": "Secondary"}], "and no key of ours goes there"


def test_a_key_that_stays_the_same_is_a_failure(azure: SlowArm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "CONFIRM_SECONDS", 0.0)
    with pytest.raises(CommandError, match="a new primary key, and a minute later it is the old"):
        of(azure).regenerate(Which.PRIMARY)


def test_a_key_that_is_refused_at_first_gets_time(azure: SlowArm, monkeypatch: pytest.MonkeyPatch) -> None:
    named = answers(monkeypatch, 401, 403, 200)
    of(azure).verify(Which.SECONDARY, "new")
    assert named == [None, None, None], "the traffic decides who answers"


def test_what_the_model_refuses_is_told_at_once(azure: SlowArm, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, 424)
    with pytest.raises(CommandError, match=r"with the primary key failed: .* answered 424") as caught:
        of(azure).verify(Which.PRIMARY, "one")
    assert "--file" in caught.value.remedy


def test_without_traffic_a_deployment_that_is_up_answers(
    azure: SlowArm, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = replace(ENDPOINT, traffic={}, deployments=(replace(BLUE, name="bad", state="Failed"), BLUE))
    named = answers(monkeypatch, 200)
    of(azure, idle).verify(Which.PRIMARY, "one")
    assert named == ["blue"]
    with pytest.raises(CommandError, match="no deployment of endpoint price answers"):
        of(azure, replace(idle, deployments=())).verify(Which.PRIMARY, "one")


def test_an_endpoint_with_tokens_has_no_keys(azure: SlowArm) -> None:
    with pytest.raises(InputError, match="has no keys: its authentication mode is AMLToken"):
        of(azure, replace(ENDPOINT, auth_mode="AMLToken")).read()
