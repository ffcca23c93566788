"""A rehearsal asks both deployments, and writes nothing; in retrospect it asks nobody."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from azml.azure.arm import Arm
from azml.azure.http import Response
from azml.cli.endpoints import endpoints
from azml.cli.failure import CommandError, InputError
from azml.cli.rollouts import rehearsing
from azml.cli.rollouts.session import Session
from azml.rollout.deciding.state import Phase
from azml.rollout.plan import Plan
from tests.cli.rollouts.azure import ENDPOINT, Wire, connection, endpoint
from tests.rollout.journals import PLAN, Seeded, carried_out
from tests.rollout.plans import read

TEXT = """\
gates:
  errors: {metric: error_rate, max: 0.05}
  smoke: {requests: "smoke/*.json"}
  agreement: {compare: "check.py:same", requests: r.jsonl, sample: 60, at_least: 0.9}
steps:
  - smoke: [smoke]
  - {traffic: 20, for: 10m, gates: [errors, agreement]}
  - {traffic: 100, for: 10m, gates: [errors]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "one.json").write_text('{"number": 1}')
    (tmp_path / "r.jsonl").write_text("".join(f'{{"number": {number}}}\n' for number in range(60)))
    (tmp_path / "check.py").write_text(
        "def same(request, stable, candidate):\n    return stable == candidate\n"
    )
    return tmp_path


@pytest.fixture
def wire() -> Wire:
    made = Wire()
    endpoint(made, {"blue": 100}, {"blue": {}, "green": {}})
    made.tell(f"POST {ENDPOINT}/listKeys", {"primaryKey": "key"})
    return made


def planned(folder: Path) -> Plan:
    plan, findings = read(TEXT, folder)
    assert plan, findings
    return plan


def session(wire: Wire, folder: Path) -> Session:
    """As much of a session as a rehearsal needs."""
    held = connection(wire)
    declared = SimpleNamespace(key="echo", folder=folder)
    found = SimpleNamespace(
        connection=held, declared=declared, name="echo", found=lambda: endpoints.read(held, "echo")
    )
    return cast(Session, found)


def scoring(wire: Wire, **wrong: Any) -> None:
    """Answers of both deployments; `green` gives the status or the document in `wrong`."""

    def answer(url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        green = headers.get("azureml-model-deployment") == "green"
        document = wrong.get("document") if green and "document" in wrong else json.loads(body or b"")
        status = wrong.get("status", 200) if green else 200
        return Response(status, {}, json.dumps(document).encode(), url)

    wire.answers["POST /score"] = answer


def rehearsed(wire: Wire, folder: Path) -> rehearsing.Rehearsed:
    return rehearsing.on_requests(session(wire, folder), planned(folder), folder / "r.jsonl", None, 600)


@pytest.mark.parametrize(
    ("wrong", "phase", "says"),
    [
        ({}, Phase.SUCCEEDED, "under 5.000%"),
        ({"document": {"number": -1}}, Phase.ROLLED_BACK, "check.py:same: 0 of 60 agree"),
        ({"status": 500}, Phase.ROLLED_BACK, "500, not 200"),
    ],
)
def test_both_answer_each_request_once_and_no_share_is_written(
    wire: Wire, folder: Path, wrong: dict[str, Any], phase: Phase, says: str
) -> None:
    scoring(wire, **wrong)
    found = rehearsed(wire, folder)
    assert (found.state.phase, found.requests, found.of) == (phase, 60, 60)
    assert says in found.report.sentence
    asked = [path for method, path, _ in wire.seen if method != "GET"]
    assert set(asked) == {"/score", f"{ENDPOINT}/listKeys"}
    assert asked.count("/score") == 2 * 60 + 1
    entries = list(rehearsing.lines(found))
    assert "no traffic moved" in entries[0] and "from 60 that both answered, of 60" in entries[1]
    assert rehearsing.document(found)["phase"] == phase


def test_what_cannot_be_rehearsed_is_told(wire: Wire, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scoring(wire)
    with pytest.raises(InputError, match="no request in"):
        rehearsing.on_requests(session(wire, folder), planned(folder), folder / "none.jsonl", None, 1)
    (folder / "r.jsonl").write_text("{\n")
    with pytest.raises(InputError, match=r"r.jsonl:1 is not valid JSON"):
        rehearsing.on_requests(session(wire, folder), PLAN, folder / "r.jsonl", None, 1)
    (folder / "check.py").write_text("def same(request, stable, candidate): ...\nraise OSError('x')\n")
    (folder / "r.jsonl").write_text("{}\n" * 60)
    with pytest.raises(CommandError, match="cannot be loaded"):
        rehearsed(wire, folder)
    endpoint(wire, {}, {"blue": {}})
    with pytest.raises(InputError, match="none to compare with"):
        rehearsed(wire, folder)


def test_users_deployments_are_not_loaded(wire: Wire, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = session(wire, folder)
    monkeypatch.setattr(Arm, "cloud", property(lambda self: SimpleNamespace(local=False)))
    with pytest.raises(InputError, match="local Azure alone"):
        rehearsing.on_requests(held, planned(folder), folder / "r.jsonl", None, 1)


def test_a_past_journal_is_a_file_and_asks_nobody(tmp_path: Path) -> None:
    journal = tmp_path / "past.journal"
    journal.write_text(carried_out(Seeded(0.2)).text)
    found = rehearsing.on_journal(PLAN, journal)
    assert found.state.phase is Phase.ROLLED_BACK
    assert len(list(rehearsing.lines(found))) == 1 + sum(len(step.gates) for step in found.report.steps) + 1
    for text in (None, "{}"):
        if text is not None:
            journal.write_text(text)
        broken = journal if text is not None else tmp_path / "gone"
        with pytest.raises(InputError, match="is not the journal of a rollout"):
            rehearsing.on_journal(PLAN, broken)
