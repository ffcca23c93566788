"""azure-native's SDK as the program loads it: the modules it needs, and no other name than the SDK has."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
CHECKS = """
import sys
from azml import components
from azml.azure_native import lean_sdk

lean_sdk.install()
components.load()
import pulumi_azure_native.storage.list_storage_account_keys
from pulumi_azure_native import machinelearningservices as ml, storage

endpoint = ml.OnlineEndpoint
assert endpoint.__module__ == "pulumi_azure_native.machinelearningservices.online_endpoint"
assert ml.SkuTier.__module__ == "pulumi_azure_native.machinelearningservices._enums"
assert ml.OnlineEndpointArgs.__module__ == endpoint.__module__
assert ml.OnlineRequestSettingsArgs.__module__ == "pulumi_azure_native.machinelearningservices._inputs"
assert ml.outputs.EndpointResponse
assert callable(storage.list_storage_account_keys), "a function, and not its module"
assert callable(storage.get_blob_container)
others = "pulumi_azure_native.machinelearningservices.batch_deployment"
assert others not in sys.modules
assert not hasattr(ml, "OnlineEndpoints")
assert others in sys.modules, "the package's own code decides which names there are"
assert ml.OnlineEndpoint is endpoint
assert set(ml.outputs.__all__) and ml.get_online_endpoint is sys.modules[
    "pulumi_azure_native.machinelearningservices.get_online_endpoint"].get_online_endpoint
"""


def test_names_come_from_the_sdk_and_modules_nobody_asks_for_are_not_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECKS], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
