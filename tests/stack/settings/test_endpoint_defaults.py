"""Keys that endpoints share, which each of them may override."""

from pathlib import Path
from typing import Any

import pytest

from azml.stack.stack_file import StackFile
from tests.stack.settings.conftest import DEPLOYMENT, Findings, Read, only

TEXT = """\
config:
  azml:workspace: {resourceGroup: rg, name: mlw, containerRegistry: crmlw}
  azml:endpointDefaults:
    identity: id-shared
    deployment:
      instance_count: 3
  azml:endpoints:
    echo:
      deployments:
        blue: {instance_count: 5}
        green: {}
    other:
      path: scoring/echo
      name: other
      identity: id-other
      deployment: {}
      deployments:
        blue: {}
"""


def test_each_endpoint_has_them_unless_it_gives_its_own(read: Read) -> None:
    echo, other = read(text=TEXT).endpoints
    assert [one.access.identity.name for one in (echo, other)] == ["id-shared", "id-other"]
    counts = [slot.spec.instance_count for one in (echo, other) for slot in one.slots]
    assert counts == [5, 3, 1], "the slot's, the default, the file's"


def test_the_commands_read_them_alike(folder: Path) -> None:
    """A release freezes what is served now, with the overrides from the stack file."""
    (folder / "Pulumi.dev.yaml").write_text(TEXT)
    file = StackFile(folder / "Pulumi.dev.yaml", folder)
    echo, other = file.endpoint("echo"), file.endpoint("other")
    assert echo.overrides == {"blue": {"instance_count": 5}, "green": {"instance_count": 3}}
    assert other.overrides == {"blue": {}}


@pytest.mark.parametrize(
    ("before", "after", "key", "line"),
    [
        ("instance_count: 3", "instance_count: many", "azml:endpointDefaults.deployment.instance_count", 6),
        ("instance_count: 3", "instance_cont: 3", "azml:endpointDefaults.deployment.instance_cont", 6),
        ("instance_count: 3", "file: blue.yml", "azml:endpointDefaults.deployment.file", 6),
        ("identity: id-shared", "traffic: {}", "azml:endpointDefaults.traffic", 4),
        ("identity: id-shared", "callers: [me]", "azml:endpointDefaults.callers[0]", 4),
    ],
)
def test_a_fault_in_them_is_told_once_where_it_is_written(
    findings: Findings, folder: Any, before: str, after: str, key: str, line: int
) -> None:
    (folder / "scoring/echo/endpoint.yml").write_text("name: echo\nauth_mode: aad_token\n")
    (folder / "scoring/echo/deployment.yml").write_text(DEPLOYMENT)
    found = only(findings(text=TEXT.replace(before, after).replace("      deployment: {}\n", "")))
    assert (found.key, found.line) == (key, line)
