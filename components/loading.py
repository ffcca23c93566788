"""azure-native's SDK, loaded while the program waits for something else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pulumi_azure_native import (
    applicationinsights,
    keyvault,
    machinelearningservices,
    operationalinsights,
    resources,
    storage,
)

SDK = (machinelearningservices, storage, keyvault, operationalinsights, applicationinsights, resources)
"""Each loads when something in it is first looked at; together they take near half a second."""


@contextmanager
def sdk_loading() -> Iterator[None]:
    """Load the SDK beside the block, which must not use it; at the block's end it is there."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        loaded = thread.submit(lambda: [hasattr(module, "outputs") for module in SDK])
        yield
        loaded.result()
