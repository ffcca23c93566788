"""What the stand-in for azure-native refuses, called as the engine calls it."""

import pytest

from azml.providers.calls import ProviderError
from azml.providers.local_azure.package import LocalAzure


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> LocalAzure:
    """A stand-in that nobody has told of an Azure."""
    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    return LocalAzure()


def test_a_type_without_a_row_is_a_clear_error(package: LocalAzure) -> None:
    with pytest.raises(ProviderError) as raised:
        package.resource("azure-native:compute:VirtualMachine")
    assert "the local Azure has no azure-native:compute:VirtualMachine" in str(raised.value)
    assert "machinelearningservices:OnlineEndpoint" in str(raised.value)


def test_it_reaches_nothing_that_is_not_on_this_machine(package: LocalAzure) -> None:
    with pytest.raises(ProviderError, match=r"management\.azure\.com is not on this machine"):
        package.configure({"metadataHost": "management.azure.com"})
    with pytest.raises(ProviderError, match="run `azml emulator start`"):
        package.configure({})
