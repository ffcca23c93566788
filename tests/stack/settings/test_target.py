"""No cloud stack reaches the local Azure, and no local stack the real one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from azml.findings import Finding
from azml.stack.config.records import Settings

Read = Callable[..., Settings]
Findings = Callable[..., tuple[Finding, ...]]


def test_local_belongs_to_the_local_project(findings: Findings) -> None:
    (finding,) = findings(target="local", project="azml")
    assert finding.key == "azml:target"


def test_the_local_project_is_never_azure(findings: Findings) -> None:
    (finding,) = findings(project="azml-local")
    assert finding.message == "is azure in the project azml-local"
    assert finding.remedy.startswith("write azml:target: local;")


def test_a_local_stack_needs_a_shell_that_points_at_the_local_azure(
    findings: Findings, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = {"target": "local", "project": "azml-local", "stack": "local"}
    (finding,) = findings(**local)
    assert "does not point at the local Azure" in finding.message
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "management.azure.com")
    assert findings(**local) == (finding,)
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "127.0.0.1:18443")
    assert read(**local).target == "local"


@pytest.mark.parametrize("host", ["127.0.0.1:18443", "https://localhost:18443", "[::1]:443"])
def test_a_cloud_stack_in_that_shell_is_refused(
    findings: Findings, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", host)
    (finding,) = findings()
    assert "points at the local Azure" in finding.message


def test_another_backend_is_refused(
    findings: Findings, read: Read, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = {"target": "local", "project": "azml-local", "stack": "local"}
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "127.0.0.1:18443")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    (finding,) = findings(**local)
    assert "PULUMI_BACKEND_URL" in finding.message
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/.state")
    assert read(**local).target == "local"


def test_neither_azure_nor_local(findings: Findings) -> None:
    (finding,) = findings(target="aws")
    assert (finding.key, finding.remedy) == ("azml:target", "write azure or local")


def test_a_local_stack_is_looked_at_on_the_local_page(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "127.0.0.1:18443")
    local = read(target="local", project="azml-local", stack="local")
    assert local.studio_url == "https://127.0.0.1:18443/studio"
