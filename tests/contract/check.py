"""What a local Azure saw and answered, exchange by exchange, against Azure's own clients."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import Collection, parse, resource_id
from scripts.published.table import type_of
from tests.contract.clients import Known, operations
from tests.contract.models import wrong

BODIES = ("PUT", "PATCH", "POST")
APART = frozenset(
    {
        # ARM's own answer to a DELETE of what is not there, which the client leaves to its caller.
        ("DELETE", "microsoft.resources/resourcegroups", 204),
        # Tests steer a delete that Azure does at once into one that takes its time.
        ("DELETE", "microsoft.keyvault/vaults", 202),
    }
)
"""Statuses outside a client's list that are known: method, type, status."""


KNOWN = {
    # What a steered delete has a vault show meanwhile.
    "microsoft.keyvault/vaults": "answer.properties.provisioningState is 'Deleting'",
    # A journey looks whether values of other types become texts.
    "microsoft.machinelearningservices/workspaces/data": "request.properties.properties.flag is True",
}
"""Findings that are known: by type, how they begin."""


def findings(file: Path) -> list[str]:
    """All that is wrong in a file of exchanges, each thing once, with request, model and member."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as lines:
        return list(dict.fromkeys(found for line in set(lines) for found in check(json.loads(line))))


def check(exchange: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one exchange. A refused request is only asked for the shape of its refusal."""
    where = f"{exchange['method']} {exchange['path']} -> {exchange['status']}"
    if exchange["status"] >= 400:
        yield from (f"{where}: {one}" for one in _refusal(exchange["answer"]))
        return
    known = _known(exchange["method"], exchange["path"])
    if known is None:
        return
    yield from (f"{where}: {one}" for one in _accepted(known, exchange))


def _accepted(known: Known, exchange: dict[str, Any]) -> Iterable[str]:
    operation, method = known.operation, exchange["method"]
    kind = type_of(operation.path)
    expected = KNOWN.get(kind)
    yield from (one for one in _misfits(known, exchange) if not (expected and one.startswith(expected)))
    is_known = (method, kind, exchange["status"]) in APART
    if operation.statuses and exchange["status"] not in operation.statuses and not is_known:
        yield f"the client takes {sorted(operation.statuses)} alone"


def _misfits(known: Known, exchange: dict[str, Any]) -> Iterable[str]:
    """What does not fit the client's models of the request and the answer."""
    operation, method = known.operation, exchange["method"]
    if operation.body and method in BODIES and exchange["body"]:
        model = known.model(operation.body)
        yield from wrong(model, exchange["body"], "request", sent=True, partial=method == "PATCH")
    if operation.answer and exchange["answer"] is not None:
        yield from wrong(known.model(operation.answer), exchange["answer"], "answer", sent=False)


def _known(method: str, path: str) -> Known | None:
    """The operation a request is, None where no client in use describes it."""
    try:
        above, _, action = path.rstrip("/").rpartition("/")
        if method == "POST":
            return operations().get((method, f"{resource_id(above).kind}:{action.lower()}"))
        named = parse(path)
    except ArmError:
        return None
    listed = ":list" if isinstance(named, Collection) else ""
    return operations().get((method, named.kind + listed))


def _refusal(answer: Any) -> Iterator[str]:
    """azure-mgmt-core's error format: an object `error` with a code and a message."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if answer is not None and not (isinstance(error, dict) and error.get("code") and error.get("message")):
        yield f"a refusal without code and message: {answer}"
