"""The coverage page says what is so."""

from pathlib import Path

import pytest

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.coverage.page import REFUSED_TYPES, render
from tests.fixtures.control_plane import GROUP, ControlPlane

PAGE = Path(__file__).parents[3] / "docs" / "emulator-coverage.md"


def test_the_page_is_up_to_date() -> None:
    """Else: python -m azml.emulator.control.coverage > docs/emulator-coverage.md."""
    assert PAGE.read_text() == render()


def test_each_type_on_the_page_is_answered(azure: ControlPlane) -> None:
    azure.arm("PUT", GROUP, {"location": "westeurope"})
    rows = [
        line.split("|")
        for line in PAGE.read_text().splitlines()
        if "| `Microsoft." in line and "list, PUT" in line
    ]
    assert len(rows) > 20
    for row in rows:
        kind = row[1].strip(" `")
        namespace, *parts = kind.split("/")
        path = "/".join([f"{GROUP}/providers", namespace, *(f"{part}/none" for part in parts)])
        if kind == "Microsoft.Resources/resourceGroups":
            path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/none"
        answer = azure.arm("GET", path)
        assert (answer.status, answer.code in ("ResourceNotFound", "ResourceGroupNotFound")) == (404, True), (
            kind
        )


@pytest.mark.parametrize("kind", REFUSED_TYPES)
def test_each_type_that_is_said_to_be_refused_is(azure: ControlPlane, kind: str) -> None:
    azure.arm("PUT", GROUP, {"location": "westeurope"})
    namespace, *parts = kind.split("/")
    path = "/".join([f"{GROUP}/providers", namespace, *(f"{part}/none" for part in parts)])
    answer = azure.arm("PUT", path, {"location": "westeurope"})
    assert (answer.status, answer.code) == (400, "InvalidResourceType")
