"""`startup_probe`, the one key of ours that azure-ai-ml does not have yet."""

from pathlib import Path

import pytest

from azml.findings import InvalidInput
from azml.specs import ProbeSettings, load_deployment
from tests.fixtures.azure_ai_ml import AzureAiMl

TEXT = "name: blue\nendpoint_name: echo\ninstance_type: Standard_D2as_v4\nmodel: azureml:m:1\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "blue.yml"
    made.write_text(f"{TEXT}startup_probe: {{initial_delay: 30, period: 10, failure_threshold: 60}}\n")
    return made


def test_it_is_read_like_the_other_probes(file: Path) -> None:
    assert load_deployment(file).startup_probe == ProbeSettings(30, 10, failure_threshold=60)
    file.write_text(f"{TEXT}startup_probe: {{period: 0, perod: 1}}\n")
    with pytest.raises(InvalidInput) as caught:
        load_deployment(file)
    assert [(one.line, one.key) for one in caught.value.findings] == [
        (5, "startup_probe.period"),
        (5, "startup_probe.perod"),
    ]


@pytest.mark.filterwarnings("ignore")
def test_azure_ai_ml_refuses_it_still(file: Path, azure_ai_ml: AzureAiMl) -> None:
    """Once it does not: the documentation calls the key an extension of this project's."""
    with pytest.raises(Exception, match=r"startup_probe.*\n.*Unknown field"):
        azure_ai_ml.load_online_deployment(file)
