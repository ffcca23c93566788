import ssl
import tempfile
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import aiohttp
import pytest

from azml.emulator.certificates import Certificates, ensure_certificates
from azml.emulator.dataplane.environments import Environments
from azml.emulator.dataplane.files import Files
from azml.emulator.dataplane.history import History
from azml.emulator.dataplane.link import Link
from azml.emulator.dataplane.plane import Plane
from azml.emulator.secrets import TestSecrets
from tests.emulator.dataplane.houses import SCORE, House, Routed, routing, serving


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


@pytest.fixture
async def routed(
    run_dir: Path, certificates: Certificates, trust: ssl.SSLContext, environments: Environments
) -> AsyncIterator[Routed]:
    link = Link()
    async with AsyncExitStack() as stack:
        history = stack.enter_context(closing(History(run_dir / "metrics.db")))
        services = await stack.enter_async_context(serving(run_dir, certificates))
        secrets = TestSecrets(run_dir / "secrets.yml")
        plane = Plane(
            link,
            environments,
            Files(run_dir),
            run_dir,
            run_dir / "logs",
            history,
            services,
            secrets,
        )
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        port = await stack.enter_async_context(routing(run_dir, certificates, link, plane))
        yield Routed(link, port, run_dir, trust, stack, session)


@pytest.fixture
async def house(
    cache: Path,
    run_dir: Path,
    tmp_path: Path,
    certificates: Certificates,
    trust: ssl.SSLContext,
    environments: Environments,
    code: Path,
) -> AsyncIterator[House]:
    link = Link()
    async with AsyncExitStack() as stack:
        history = stack.enter_context(closing(History(run_dir / "metrics.db")))
        services = await stack.enter_async_context(serving(run_dir, certificates))
        secrets = TestSecrets(run_dir / "secrets.yml")
        plane = Plane(
            link,
            environments,
            Files(run_dir),
            run_dir,
            tmp_path / "logs",
            history,
            services,
            secrets,
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        port = await stack.enter_async_context(routing(run_dir, certificates, link, plane))
        stack.push_async_callback(plane.stop)
        await plane.complete()
        yield House(plane, port, trust, session, code, cache / "environments")
