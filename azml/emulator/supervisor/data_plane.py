"""Starts the data plane: what serves deployments, the API for the control plane, and the router."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from aiohttp import web

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.identity import DATAPLANE, ensure_identity
from azml.emulator.base.logs import Log
from azml.emulator.base.secrets import TestSecrets, secrets_file
from azml.emulator.contract.spool import Spool
from azml.emulator.supervisor.children import Child
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.router_process import router_child
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.http_api import application
from azml.emulator.supervisor.serving.instance_files import Files
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory
from azml.emulator.supervisor.serving.router_client import RouterClient


async def start(
    stack: AsyncExitStack,
    folder: Path,
    cache: Path,
    run_dir: Path,
    certificates: Certificates,
    listener: socket.socket,
) -> tuple[Dataplane, Child]:
    """The data plane and its router, which starts. Their ends are put on the stack."""
    router_client, collected = RouterClient(), folder / "collected"
    services = AzureServices(ensure_identity(folder), certificates.ca_bundle, run_dir, Spool(collected))
    dataplane = await _dataplane(stack, folder, cache, router_client, services, run_dir)
    log = Log(folder / "logs" / "router.log")
    router = router_child(listener, certificates, run_dir, router_client, dataplane, collected, log)
    stack.push_async_callback(router.stop)
    dataplane.recorder.start()
    stack.push_async_callback(dataplane.recorder.stop)  # while the router can still report its counts
    return dataplane, router


async def _dataplane(
    stack: AsyncExitStack,
    folder: Path,
    cache: Path,
    router_client: RouterClient,
    services: AzureServices,
    run_dir: Path,
) -> Dataplane:
    history = stack.enter_context(closing(MetricsHistory(folder / "metrics.db")))
    await services.start()
    stack.push_async_callback(services.stop)
    environments = Environments(cache / "environments")
    secrets = TestSecrets(secrets_file(folder))
    files, logs = Files(folder), folder / "logs"
    hidden = (folder, secrets.path)
    dataplane = Dataplane(
        router_client, environments, files, run_dir, logs, history, services, secrets, hidden
    )
    stack.push_async_callback(dataplane.stop)
    token = ensure_identity(folder).derived(DATAPLANE)
    await stack.enter_async_context(_http_api(dataplane, token, run_dir / "dataplane.sock"))
    return dataplane


@asynccontextmanager
async def _http_api(dataplane: Dataplane, token: str, path: Path) -> AsyncIterator[None]:
    runner = web.AppRunner(application(dataplane, token), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()
