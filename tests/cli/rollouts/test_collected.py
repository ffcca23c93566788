"""Requests that the stable deployment's collector kept: the newest of each kind, whatever else is there."""

import json
from collections.abc import Mapping

import pytest

from azml.azure.http import Response
from azml.cli.rollouts.sources import collected
from azml.emulator.contract.frames import Frame
from azml.emulator.control.machinelearning.collected_records import line_of
from azml.rollout.driving.ports import Unavailable
from tests.cli.rollouts.azure import HERE, WORKSPACE, Wire, connection

ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/store"
FOLDER = "modelDataCollector/echo/blue/request"


def record(number: int, kind: str = "application/json", collection: str = "request") -> bytes:
    """A line as the local Azure writes it."""
    body = json.dumps({"number": number}).encode()
    return line_of(Frame("d", collection, "id", 0.0, kind, body, {}), "d", "https://blob").text


class Kept:
    """A container with these blobs below the stable deployment's folder."""

    def __init__(self, wire: Wire, blobs: Mapping[str, bytes]) -> None:
        self.asked: list[str] = []
        self._blobs = blobs
        wire.tell(f"GET {WORKSPACE.id}", {"properties": {"storageAccount": ACCOUNT}})
        wire.tell(f"GET {ACCOUNT}", {"properties": {"primaryEndpoints": {"blob": f"{HERE}/store/"}}})
        store = f"GET {WORKSPACE.id}/datastores/workspaceblobstore"
        wire.tell(store, {"properties": {"containerName": "default"}})
        wire.answers["GET /store/default"] = self._list
        for name in blobs:
            wire.answers[f"GET /store/default/{FOLDER}/{name}"] = self._part

    def _list(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        blobs = "".join(
            f"<Blob><Name>{FOLDER}/{name}</Name><Properties><Content-Length>{len(data)}</Content-Length>"
            "</Properties></Blob>"
            for name, data in self._blobs.items()
        )
        return Response(200, {}, f"<R><Blobs>{blobs}</Blobs><NextMarker/></R>".encode())

    def _part(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        name = url.partition(f"{FOLDER}/")[2]
        self.asked.append(name)
        first, _, last = headers["x-ms-range"].removeprefix("bytes=").partition("-")
        return Response(206, {}, self._blobs[name][int(first) : int(last) + 1])


def numbers(wire: Wire, most: int) -> list[int]:
    return [json.loads(body)["number"] for body in collected.bodies(connection(wire), "echo", "blue", most)]


@pytest.mark.parametrize("piece", [7, 1 << 20])
def test_the_newest_come_first_and_equal_ones_once(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """However the pieces that are read cut the lines."""
    monkeypatch.setattr(collected, "PIECE", piece)
    wire = Wire()
    kept = Kept(
        wire,
        {
            "2026/01/31/09/a.jsonl": record(1) + record(2),
            "2026/01/31/10/b.jsonl": record(3) + record(4) + record(3),
            "2025/12/31/23/c.jsonl": record(9),
        },
    )
    assert numbers(wire, 4) == [3, 4, 2, 1]
    assert "2025/12/31/23/c.jsonl" not in kept.asked


def test_what_cannot_be_sent_again_is_left_out_and_too_few_are_refused() -> None:
    wire = Wire()
    part = record(4).replace(b"bytes 0-", b"bytes 5-")
    lines = (
        record(1, "text/plain") + record(2, collection="model_inputs") + b"broken\n[]\n" + part + record(3)
    )
    Kept(wire, {"2026/01/31/09/a.jsonl": lines, "2026/01/31/09/raw": b"x"})
    assert numbers(wire, 1) == [3]
    with pytest.raises(Unavailable, match="collected 1 different requests and the sample is 2"):
        numbers(wire, 2)


def test_storage_that_is_not_there_says_so() -> None:
    wire = Wire()
    with pytest.raises(Unavailable, match="no datastore workspaceblobstore"):
        numbers(wire, 1)
