"""What an image without a conda file needs of this machine."""

import pytest

from azml.emulator.base.container_engine import ContainerEngine, EngineFailure
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.machinelearning.local_limits import check_local_limits

SCORED = {"codeConfiguration": {"scoringScript": "score.py"}, "instanceType": "Standard_DS3_v2"}
OWN = "registry.example.com:5000/team/serve:1"


def no_engine() -> ContainerEngine:
    raise EngineFailure("docker is not on PATH")


def an_engine() -> ContainerEngine:
    return ContainerEngine("docker")


@pytest.mark.parametrize("image", [OWN, "team.azurecr.io/serve", "localhost:5000/serve"])
def test_an_image_of_a_registry_of_ones_own_needs_an_engine_or_a_conda_file(image: str) -> None:
    with pytest.raises(ArmError) as refused:
        check_local_limits(SCORED, {}, {"image": image}, no_engine)
    assert f"The image {image} is from a registry of your own" in str(refused.value)
    assert "a conda file that lists what the scoring script imports" in str(refused.value)
    check_local_limits(SCORED, {}, {"image": image, "condaFile": "dependencies: [pip]"}, no_engine)
    check_local_limits(SCORED, {}, {"image": image}, an_engine)


@pytest.mark.parametrize(
    "image", ["mcr.microsoft.com/azureml/any:1", "docker.io/team/serve", "team/serve:1", "serve"]
)
def test_an_image_that_anybody_may_pull_is_let_through(image: str) -> None:
    check_local_limits(SCORED, {}, {"image": image}, no_engine)
