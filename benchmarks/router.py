"""The router against the server behind it, as ratios within one run.

Limits: a request to the sample's custom model takes at most 1.2 times as long through the router, at the
median, as through a relay that ends TLS, passes bytes on and knows nothing of HTTP; and the router passes at
least five times what one worker of the sample's inference server can answer. The first is measured with one
request at a time, direct, relayed and routed in turn; the second with a server behind the router that does
nothing, so that the router itself is what is loaded. Clients keep their TLS connections to router and relay.
Run with: python -m benchmarks.router
"""

import argparse
import asyncio
import ssl
import statistics
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from azml.emulator.__main__ import default_cache
from azml.emulator.base.certificates import ensure_certificates
from azml.emulator.base.identity import ensure_identity
from azml.emulator.base.logs import Log
from azml.emulator.base.secrets import TestSecrets
from azml.emulator.contract import routing_table
from azml.emulator.contract.deployments import DesiredDeployment, DesiredEndpoint
from azml.emulator.contract.spool import Spool
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.ports import listen, port_of
from azml.emulator.supervisor.router_process import router_child
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.instance_files import Files
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory
from azml.emulator.supervisor.serving.router_client import RouterClient
from benchmarks.load import Target, drive

SAMPLE = Path(__file__).parent.parent / "scoring" / "diabetes"
KEY = "benchmark"
LATENCY_LIMIT = 1.2
THROUGHPUT_LIMIT = 5.0
CONNECTIONS = 32
NOTHING = """
import asyncio, sys, uvloop
ANSWER = b'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 9\\r\\n\\r\\n[1,0,1,0]'
class Nothing(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(ANSWER); self.transport.close()
async def main():
    server = await asyncio.get_running_loop().create_unix_server(Nothing, sys.argv[1], backlog=1024)
    print('ready', flush=True)
    await server.serve_forever()
uvloop.run(main())
"""
RELAY = """
import asyncio, ssl, sys, uvloop
certificate, behind = sys.argv[1:]
class Behind(asyncio.Protocol):
    def __init__(self, client): self.client = client
    def data_received(self, data): self.client.transport.write(data)
class Relay(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): asyncio.ensure_future(self.forward(data))
    async def forward(self, data):
        to, _ = await asyncio.get_running_loop().create_unix_connection(lambda: Behind(self), behind)
        to.write(data)
async def main():
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(certificate, certificate)
    server = await asyncio.get_running_loop().create_server(Relay, '127.0.0.1', 0, ssl=trust)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
uvloop.run(main())
"""


def request(path: str) -> bytes:
    """The sample request, as an HTTP client sends it."""
    body = (SAMPLE / "requests" / "sample.json").read_bytes()
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}")
    head = "\r\n".join([*lines, "Content-Type: application/json", f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


async def ready(plane: Dataplane, desired: DesiredDeployment) -> None:
    """Wait until the deployment serves."""
    await plane.put_deployment(desired)
    while (observed := plane.observe(desired.key)).state != "ready":
        if observed.state == "failed":
            sys.exit(f"the sample does not start: {observed.error}")
        await asyncio.sleep(0.05)


async def measure(rounds: int, seconds: float) -> dict[str, float]:
    """Medians in milliseconds and rates in requests a second."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="azml-bench-")))
        certificates = ensure_certificates(folder / "certificates")
        trust = ssl.create_default_context(cafile=str(certificates.ca))
        link = RouterClient()
        history = MetricsHistory(folder / "metrics.db")
        collected = folder / "collected"
        services = AzureServices(ensure_identity(folder), certificates.ca_bundle, folder, Spool(collected))
        await services.start()
        stack.push_async_callback(services.stop)
        environments = Environments(default_cache() / "environments")
        secrets = TestSecrets(folder / "secrets.yml")
        plane = Dataplane(
            link,
            environments,
            Files(folder),
            folder,
            folder / "logs",
            history,
            services,
            secrets,
            (folder,),
        )
        stack.push_async_callback(plane.stop)
        listener = stack.enter_context(listen(0, ""))
        router = router_child(
            listener, certificates, folder, link, plane, collected, Log(folder / "router.log")
        )
        stack.push_async_callback(router.stop)
        await router.answered()
        await plane.put_endpoint(DesiredEndpoint("/e", "w/e", (KEY,), None, {"green": 100}))
        await ready(plane, sample())
        worker = plane.routes().endpoints[0].deployments[0].instances[0].address
        direct = Target(request("/score"), socket=worker, kept=False)
        routed = Target(request("/w/e/score"), port=port_of(listener), trust=trust)
        port = int(await beside(stack, RELAY, str(certificates.certificate), worker))
        relayed = Target(request("/score"), port=port, trust=trust)
        found = await in_turn({"direct": direct, "relayed": relayed, "routed": routed}, rounds, seconds)
        await swap(link, folder, stack)
        found["router, requests/s"] = rate(await drive(routed, CONNECTIONS, seconds * 3), seconds * 3)
        return found


def sample() -> DesiredDeployment:
    """The sample's custom model."""
    return DesiredDeployment(
        "/e/green",
        "/e",
        "green",
        model_folder=SAMPLE / "models" / "support-vector-machine",
        code_folder=SAMPLE / "src",
        scoring_script="score.py",
        conda=(SAMPLE / "conda.yml").read_text(),
        max_concurrent_requests_per_instance=CONNECTIONS,
    )


async def in_turn(targets: dict[str, Target], rounds: int, seconds: float) -> dict[str, float]:
    """One request at a time, to each target in turn; then what one worker answers when it is full."""
    latencies: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(rounds):
        for name, target in targets.items():
            latencies[name] += await drive(target, 1, seconds / 4)
    found = {f"{name}, p50 ms": statistics.median(values) * 1000 for name, values in latencies.items()}
    found["one worker, requests/s"] = rate(await drive(targets["direct"], 4, seconds * 2), seconds * 2)
    return found


async def beside(stack: AsyncExitStack, program: str, *arguments: str) -> str:
    """Run a program until `stack` is left; its first line."""
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE)
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    process.stdout.close()
    return line.decode()


async def swap(link: RouterClient, folder: Path, stack: AsyncExitStack) -> None:
    """Put a server that does nothing behind the router."""
    path = folder / "nothing.sock"
    await beside(stack, NOTHING, str(path))
    instances = (routing_table.RoutedInstance("nothing", str(path)),)
    deployment = routing_table.RoutedDeployment("/n", "nothing", 5_000, CONNECTIONS, instances)
    endpoint = routing_table.RoutedEndpoint("/e", "w/e", (KEY,), None, {"nothing": 100}, {}, (deployment,))
    await link.route(routing_table.RoutingTable((endpoint,)))


def rate(latencies: list[float], seconds: float) -> float:
    """Requests a second."""
    return len(latencies) / seconds


def show(found: dict[str, float]) -> bool:
    """Print the table; whether both limits hold."""
    for name, value in found.items():
        print(f"{name:28}{value:10.2f}")
    longer = found["routed, p50 ms"] / found["relayed, p50 ms"]
    times = found["router, requests/s"] / found["one worker, requests/s"]
    rows = (
        ("routed p50, x relayed", longer, f"at most {LATENCY_LIMIT}", longer <= LATENCY_LIMIT),
        ("throughput, x one worker", times, f"at least {THROUGHPUT_LIMIT:.0f}", times >= THROUGHPUT_LIMIT),
    )
    for name, value, limit, holds in rows:
        print(f"{name:28}{value:10.2f}  {limit}{'' if holds else '  MISSED'}")
    return all(holds for *_, holds in rows)


def main() -> int:
    """Measure and show; exit code 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each measurement")
    arguments = parser.parse_args()
    return 0 if show(uvloop.run(measure(arguments.rounds, arguments.seconds))) else 1


if __name__ == "__main__":
    sys.exit(main())
