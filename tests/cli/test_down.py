"""What there is to destroy."""

import json
from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.down import has_resources


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
    file = clone.backend / "stacks" / "azml-local" / "local.json"
    file.parent.mkdir(parents=True)
    if state is not None:
        file.write_text(state)
    assert has_resources(clone) is expected
