"""What there is to destroy, and what may be."""

import json
import re
from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.commands.down import has_resources, reason_to_stay
from azml.cli.stacks.stacks import Stack


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, False),
        (json.dumps({"checkpoint": {"latest": None}}), False),
        (json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "u"}]}}}), True),
        pytest.param("", True, id="cut off: what destroys mends it"),
    ],
)
def test_whether_a_stack_has_resources(tmp_path: Path, state: str | None, expected: bool) -> None:
    clone = Clone(tmp_path)
    if state is not None:
        _state(clone, state)
    assert has_resources(clone) is expected


@pytest.mark.parametrize(
    ("file", "everything", "expected"),
    [
        ("releases/0a.yml", False, "stays, with the versions that .*/scoring/echo/releases/0a.yml names"),
        ("releases/0a.yml", True, "$"),
        ("deployment.yml", False, "$"),
    ],
)
def test_a_stack_stays_while_a_release_holds_a_slot(
    tmp_path: Path, file: str, everything: bool, expected: str
) -> None:
    clone = Clone(tmp_path)
    _state(clone, json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "u"}]}}}))
    slots = f"{{blue: {{file: {file}}}}}"
    text = f"config:\n  azml:endpoints:\n    echo:\n      deployments: {slots}\n"
    Stack(clone, "local").path.write_text(text)
    assert re.match(expected, reason_to_stay(clone, everything=everything))


def _state(clone: Clone, text: str) -> None:
    file = clone.backend / "stacks" / "azml-local" / "local.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
