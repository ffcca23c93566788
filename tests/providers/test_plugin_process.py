"""A plugin's process: quick to start, quiet to leave."""

import os
import signal
import subprocess
import sys
from unittest.mock import Mock

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from azml.providers.calls import Package
from azml.providers.local_azure.package import LocalAzure
from azml.providers.plugin import Plugin
from azml.providers.protos import provider_pb2
from tests.fixtures.waiting import eventually
from tests.providers.conftest import CLONE

pytestmark = pytest.mark.process

_PLUGINS = {
    "azml": CLONE / "azml" / "providers" / "azml" / "plugin" / "pulumi-resource-azml",
    "azure-native": CLONE / "azml" / "providers" / "local_azure" / "plugin" / "pulumi-resource-azure-native",
}


def _start(plugin: str) -> tuple["subprocess.Popen[str]", int]:
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "VIRTUAL_ENV": "/nowhere"}
    process = subprocess.Popen(
        [_PLUGINS[plugin], "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd="/",
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def _checked(channel: grpc.Channel, settings: dict[str, str]) -> set[str]:
    """Which of its provider's inputs it keeps."""
    ask = channel.unary_unary(
        "/pulumirpc.ResourceProvider/CheckConfig",
        request_serializer=provider_pb2.CheckRequest.SerializeToString,
        response_deserializer=provider_pb2.CheckResponse.FromString,
    )
    request = provider_pb2.CheckRequest()
    request.news.update(settings)
    return set(ask(request, timeout=10).inputs)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("plugin", _PLUGINS)
def test_it_starts_from_anywhere_and_leaves_without_a_word(plugin: str, ending: signal.Signals) -> None:
    """Whatever PATH, VIRTUAL_ENV and the working folder say."""
    process, port = _start(plugin)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ask = channel.unary_unary(
            "/pulumirpc.ResourceProvider/Handshake",
            request_serializer=provider_pb2.ProviderHandshakeRequest.SerializeToString,
            response_deserializer=provider_pb2.ProviderHandshakeResponse.FromString,
        )
        answer = ask(provider_pb2.ProviderHandshakeRequest(), timeout=10)
        kept = _checked(channel, {"subscriptionId": "one", "azml:workspace": "other"})
    assert kept == ({"subscriptionId"} if plugin == "azml" else {"subscriptionId", "azml:workspace"})
    assert answer.accept_secrets
    assert not answer.accept_outputs
    process.send_signal(ending)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_it_leaves_when_whoever_started_it_is_gone() -> None:
    """A killed engine tells nobody."""
    starter = (
        "import subprocess, sys, time\n"
        "plugin = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)\n"
        "plugin.stdout.readline()\n"
        "print(plugin.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, _PLUGINS["azml"]], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    plugin = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    eventually(lambda: not _alive(plugin), 10)


def _alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("module", ["azml.providers.azml.package", "azml.providers.local_azure.package"])
def test_a_plugin_loads_neither_pulumi_nor_azure(module: str) -> None:
    """What it imports decides how long every command takes."""
    code = (
        "from azml import quick_start\n"
        "quick_start.load_grpc()\n"
        f"import sys, azml.providers.server, {module}\n"
        "heavy = {'pulumi', 'azure', 'requests', 'urllib3', 'aiohttp', 'yaml', 'pulumi_azure_native',\n"
        "         'asyncio.events', 'grpc.aio._call'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_what_checks_settings_alone_loads_no_resources() -> None:
    """Half of the processes that an engine starts: each would load what only the other half needs."""
    loaded: list[str] = []

    def load() -> Package:
        loaded.append("package")
        return LocalAzure()

    plugin, context = Plugin(load, dict), Mock(spec=grpc.ServicerContext)
    plugin.answer("check_config", provider_pb2.CheckRequest(), context)
    plugin.answer("diff_config", provider_pb2.DiffRequest(), context)
    plugin.answer("cancel", Empty(), context)
    assert loaded == []
    for _ in range(2):
        assert plugin.answer("get_schema", provider_pb2.GetSchemaRequest(), context).schema
    plugin.give_up()
    assert loaded == ["package"]


def test_the_whole_of_pulumi_can_still_be_imported_afterwards() -> None:
    code = (
        "import azml.providers.protos\n"
        "import pulumi, pulumi.runtime\n"
        "from pulumi.runtime.proto import provider_pb2\n"
        "print(pulumi.Output.__name__, provider_pb2 is azml.providers.protos.provider_pb2)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "Output True"
