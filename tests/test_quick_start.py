"""Processes of our own do without modules that packages import and never use."""

import subprocess
import sys

import pytest


@pytest.mark.process
def test_grpc_serves_without_what_it_does_not_use_and_that_can_still_be_imported() -> None:
    code = (
        "import sys\n"
        "from azml import quick_start\n"
        "quick_start.load_grpc()\n"
        "print(sorted({'asyncio', 'grpc.aio', 'grpc._cython.cygrpc', 'grpc.aio._call'} & set(sys.modules)))\n"
        "import asyncio\n"
        "print(asyncio.run(asyncio.sleep(0, 'whole')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['grpc._cython.cygrpc']", "whole"]


@pytest.mark.process
def test_azures_clients_do_without_aiohttp() -> None:
    """Their library says so itself."""
    code = (
        "import sys\n"
        "from azml import quick_start\n"
        "quick_start.without_aiohttp()\n"
        "from azure.storage.blob import ContainerClient\n"
        "from azure.storage.blob._shared.authentication import AioHttpTransport\n"
        "print(ContainerClient.__name__, AioHttpTransport, 'aiohttp.client' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["ContainerClient None False"]
