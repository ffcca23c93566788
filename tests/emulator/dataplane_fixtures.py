import ssl
import tempfile
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from azml.emulator.base.certificates import Certificates, ensure_certificates
from azml.emulator.base.secrets import TestSecrets
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.instance_files import Files
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory
from azml.emulator.supervisor.serving.router_client import RouterClient
from tests.emulator.harness import SCORE, Harness, Routed, routing, serving


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def trust(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates.ca))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def environments(cache: Path) -> Environments:
    """The server is installed once for all tests."""
    return Environments(cache / "environments")


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="azml-test-") as folder:
        yield Path(folder)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "score.py").write_text(textwrap.dedent(SCORE))
    return folder


@asynccontextmanager
async def dataplane_of(
    router_client: RouterClient,
    environments: Environments,
    run_dir: Path,
    logs: Path,
    certificates: Certificates,
) -> AsyncIterator[Dataplane]:
    """A data plane with its metrics and services."""
    with closing(MetricsHistory(run_dir / "metrics.db")) as history:
        async with serving(run_dir, certificates) as services:
            secrets = TestSecrets(run_dir / "secrets.yml")
            files = Files(run_dir)
            yield Dataplane(router_client, environments, files, run_dir, logs, history, services, secrets)


@pytest.fixture
async def routed(
    run_dir: Path, certificates: Certificates, trust: ssl.SSLContext, environments: Environments
) -> AsyncIterator[Routed]:
    router_client = RouterClient()
    async with AsyncExitStack() as stack:
        made = dataplane_of(router_client, environments, run_dir, run_dir / "logs", certificates)
        dataplane = await stack.enter_async_context(made)
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        port = await stack.enter_async_context(routing(run_dir, certificates, router_client, dataplane))
        yield Routed(router_client, port, run_dir, trust, stack, session)


@pytest.fixture
async def harness(
    cache: Path,
    run_dir: Path,
    tmp_path: Path,
    certificates: Certificates,
    trust: ssl.SSLContext,
    environments: Environments,
    code: Path,
) -> AsyncIterator[Harness]:
    router_client = RouterClient()
    async with AsyncExitStack() as stack:
        made = dataplane_of(router_client, environments, run_dir, tmp_path / "logs", certificates)
        dataplane = await stack.enter_async_context(made)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        port = await stack.enter_async_context(routing(run_dir, certificates, router_client, dataplane))
        stack.push_async_callback(dataplane.stop)
        await dataplane.complete()
        yield Harness(dataplane, port, trust, session, code, cache / "environments")
