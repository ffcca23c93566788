"""The stack config as the engine hands it over, without an engine."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import set_all_config
from pulumi.runtime.settings import SETTINGS, Settings, configure

from azml.findings import Finding, InvalidInput
from azml.stack.config.records import Settings as StackSettings
from azml.stack.config.settings import read_settings

DEPLOYMENT = """\
name: blue
endpoint_name: echo
model: azureml:echo:1
code_configuration: {code: azureml:echo-code:1, scoring_script: score.py}
environment: azureml:echo-environment:1
instance_type: Standard_DS2_v2
instance_count: 1
"""
CONFIG: Mapping[str, Any] = {
    "azml:workspace": {"resourceGroup": "rg-azml-dev", "name": "mlw-azml-dev"},
    "azml:endpoints": {"echo": {"deployments": {"blue": {}}, "traffic": {"blue": 100}}},
}

Read = Callable[..., StackSettings]
Findings = Callable[..., tuple[Finding, ...]]


def engine_config(config: Mapping[str, Any]) -> dict[str, str]:
    """Settings as they reach a program: texts as they are, everything else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def only(findings: tuple[Finding, ...]) -> Finding:
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]


def endpoint(**keys: Any) -> dict[str, Any]:
    return {"echo": {"deployments": {"blue": {}}, "traffic": {"blue": 100}, **keys}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program's folder with one scoring folder that names registered assets only."""
    scoring = tmp_path / "scoring" / "echo"
    scoring.mkdir(parents=True)
    (scoring / "endpoint.yml").write_text("name: echo\nauth_mode: key\n")
    (scoring / "deployment.yml").write_text(DEPLOYMENT)
    return tmp_path


@pytest.fixture
def read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """Read settings from a config; keywords replace top-level keys: `endpoints={...}`."""
    for name in ("ARM_METADATA_HOSTNAME", "PULUMI_BACKEND_URL", "PULUMI_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    before = dict(SETTINGS.__dict__)

    def call(
        *, project: str = "azml", stack: str = "dev", text: str | None = None, **keys: Any
    ) -> StackSettings:
        config = {**CONFIG, **{f"azml:{key}": value for key, value in keys.items()}}
        if text is not None:
            config = yaml.safe_load(text)["config"]
            (folder / f"Pulumi.{stack}.yaml").write_text(text)
        set_all_config(engine_config({key: value for key, value in config.items() if value is not None}))
        configure(Settings(project=project, stack=stack, root_directory=str(folder)))
        return read_settings(folder)

    yield call
    set_all_config({})
    configure(Settings(project="project", stack="stack", root_directory="root"))
    SETTINGS.__dict__.update(before)


@pytest.fixture
def findings(read: Read) -> Findings:
    """The findings of settings that cannot be used; fails when they can."""

    def call(**keys: Any) -> tuple[Finding, ...]:
        with pytest.raises(InvalidInput) as raised:
            read(**keys)
        return raised.value.findings

    return call
