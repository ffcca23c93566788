"""Uploads by our plugin: time, memory, and what an unchanged model costs a preview.

- 1,200 files of 10 KB against a plain azure-storage-blob loop with as many threads, in turns, each in a
  process of its own. Limit: 1.5 times as long.
- The memory of the process while a file of 2 GB goes up, over what it was before. Limit: 100 MB.
- A no-change `pulumi preview` with a model of 1 GB in 2,000 files against one of 1 KB, in turns. Limit: 1.15
  times as long.

Every figure is the best of several rounds. Run with: python -m benchmarks.upload
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from azml.cli.local.local_azure import LocalAzure
from benchmarks.stacks import ROOT, Stack, local_azure

UPLOAD_LIMIT, PREVIEW_LIMIT = 1.5, 1.15
MEMORY_LIMIT = 100  # MB
PARALLEL = 8
SCORE = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"
CONDA = "dependencies:\n- python=3.11\n- pip\n- pip:\n  - azureml-inference-server-http>=1.5.1\n"
DEPLOYMENT = """\
name: blue
endpoint_name: any
model: {path: model}
code_configuration: {code: src, scoring_script: score.py}
environment: {image: "mcr.microsoft.com/azureml/minimal:latest", conda_file: conda.yml}
instance_type: Standard_D2as_v4
instance_count: 1
"""


def make_files(folder: Path, files: int, size: int) -> None:
    """`files` files of `size` random bytes each."""
    folder.mkdir(parents=True)
    for number in range(files):
        with (folder / f"weights-{number:05d}.bin").open("wb") as file:
            for start in range(0, size, 1 << 20):
                file.write(os.urandom(min(1 << 20, size - start)))


def make_scoring(folder: Path, files: int, size: int) -> None:
    """A scoring folder with a model of so many files."""
    make_files(folder / "model", files, size)
    (folder / "src").mkdir()
    (folder / "src" / "score.py").write_text(SCORE)
    (folder / "conda.yml").write_text(CONDA)
    (folder / "endpoint.yml").write_text("name: any\nauth_mode: key\n")
    (folder / "blue.yml").write_text(DEPLOYMENT)


def with_plugin(account: str, container: str, folder: Path, name: str) -> dict[str, float]:
    """Upload with our plugin's resource; seconds, and the peak megabytes above those before."""
    from azml.providers import calls
    from azml.providers.azml.package import Azml

    plugin = Azml()
    before = memory("VmRSS")
    start = time.perf_counter()
    sources = {path.name: path for path in sorted(folder.iterdir())}
    hashes = {name: file_hash(path) for name, path in sources.items()}
    hashed = time.perf_counter() - start  # bundling's work, measured elsewhere
    start = time.perf_counter()
    sent = {"folder": name, "files": {name: str(path) for name, path in sources.items()}}
    plugin.invoke("azml:index:bundleSources", sent, False)
    inputs = {
        "accountId": account,
        "container": container,
        "digest": "d",
        "folder": name,
        "files": json.dumps(hashes),
    }
    urn = "urn:pulumi:s::p::azml:index:BundleUpload::u"
    plugin.resource("azml:index:BundleUpload").create(calls.Create(urn, "", inputs, False))
    taken = time.perf_counter() - start
    return {"seconds": taken, "hashing": hashed, "megabytes": memory("VmHWM") - before}


def plainly(url: str, container: str, folder: Path, name: str) -> dict[str, float]:
    """The same upload by a loop over azure-storage-blob."""
    from azure.identity import ClientSecretCredential
    from azure.storage.blob import ContainerClient

    start = time.perf_counter()
    credential = ClientSecretCredential(
        os.environ["ARM_TENANT_ID"],
        os.environ["ARM_CLIENT_ID"],
        os.environ["ARM_CLIENT_SECRET"],
        authority=os.environ["ARM_METADATA_HOSTNAME"],
        disable_instance_discovery=True,
    )
    with ContainerClient(url, container, credential=credential) as client:

        def upload(path: Path) -> None:
            with path.open("rb") as file:
                client.upload_blob(f"{name}/{path.name}", file)

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(upload, sorted(folder.iterdir())))
    return {"seconds": time.perf_counter() - start}


def file_hash(path: Path) -> str:
    """The sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def memory(name: str) -> float:
    """Megabytes of this process: `VmRSS` is the current figure, `VmHWM` the peak."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1000


def in_a_process(environment: Mapping[str, str], *words: str) -> dict[str, float]:
    """The figures of one contestant, run in its own process."""
    command = [sys.executable, "-m", "benchmarks.upload", "--as", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def stack_of(folder: Path, name: str, files: int, size: int, azure: LocalAzure) -> Stack:
    """A stack that serves a model of so many files."""
    make_scoring(folder / f"{name}-scoring", files, size)
    stack = Stack(folder / name, ROOT / "local", ROOT, azure)
    file = stack.folder / "Pulumi.local.yaml"
    text = yaml.safe_load(file.read_text())
    own = {"path": str(folder / f"{name}-scoring"), "name": name, "deployments": {"blue": {}}}
    text["config"] |= {
        "azml:workspace": {"resourceGroup": f"rg-{name}", "name": f"mlw-{name}"},
        "azml:endpoints": {"bench": {**own, "traffic": {"blue": 100}}},
    }
    file.write_text(yaml.safe_dump(text))
    stack.run("up", "--yes", "--skip-preview")
    stack.run("preview", "--expect-no-changes")
    return stack


def in_turns(rounds: int, works: Mapping[str, Callable[[int], float]]) -> dict[str, float]:
    """The best of each contestant's seconds; the first in one round is last in the next."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in sorted(works, reverse=bool(number % 2)):
            taken[name].append(works[name](number))
    return {name: min(seconds) for name, seconds in taken.items()}


def show(what: str, value: float, limit: float, unit: str = "") -> bool:
    """Print one figure; whether it is within its limit."""
    print(f"{what:<58}{value:>8.2f}{unit}  limit {limit}{unit}{'' if value <= limit else '  MISSED'}")
    return value <= limit


def previews(stacks: Mapping[str, Stack], rounds: int) -> bool:
    """The two previews in turns."""

    def seconds(stack: Stack) -> float:
        start = time.perf_counter()
        stack.run("preview", "--expect-no-changes")
        return time.perf_counter() - start

    taken = in_turns(rounds, {name: lambda _, s=stack: seconds(s) for name, stack in stacks.items()})  # type: ignore[misc]
    print(f"preview, seconds: {', '.join(f'{name} {value:.2f}' for name, value in taken.items())}")
    return show(
        "preview of the large model / of the small one", taken["large"] / taken["small"], PREVIEW_LIMIT
    )


def uploads(folder: Path, stack: Stack, azure: LocalAzure, rounds: int, files: int) -> bool:
    """Both ways of uploading many small files, in turns."""
    make_files(folder / "many", files, 10_000)
    account, url, container = place_of(stack)
    source = str(folder / "many")
    environment = stack.environment
    taken = in_turns(
        rounds,
        {
            "plugin": lambda number: in_a_process(
                environment, "plugin", account, container, source, f"bench/plugin-{number}"
            )["seconds"],
            "plain": lambda number: in_a_process(
                environment, "plain", url, container, source, f"bench/plain-{number}"
            )["seconds"],
        },
    )
    print(f"{files} files of 10 KB, seconds: plugin {taken['plugin']:.2f}, plain loop {taken['plain']:.2f}")
    return show("upload by the plugin / by a plain loop", taken["plugin"] / taken["plain"], UPLOAD_LIMIT)


def large_file(folder: Path, stack: Stack, megabytes: int) -> bool:
    """One file, and how much memory it takes."""
    make_files(folder / "one", 1, megabytes * 1_000_000)
    account, _, container = place_of(stack)
    found = in_a_process(stack.environment, "plugin", account, container, str(folder / "one"), "bench/one")
    print(f"{megabytes} MB in one file: {found['seconds']:.1f} s, hashed before in {found['hashing']:.1f} s")
    return show("memory over that before", found["megabytes"], MEMORY_LIMIT, " MB")


def place_of(stack: Stack) -> tuple[str, str, str]:
    """The account's id and address, and the container that the stack uploads to."""
    state = json.loads(stack.run("stack", "export"))["deployment"]["resources"]
    upload = next(each for each in state if each["type"] == "azml:index:BundleUpload")
    inputs = upload["inputs"]
    url = upload["outputs"]["url"].partition(f"/{inputs['container']}/")[0]
    return inputs["accountId"], url, inputs["container"]


def main() -> int:
    """Measure and show; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=1200)
    parser.add_argument("--gigabyte", type=int, default=1000, help="megabytes of the large model")
    parser.add_argument("--megabytes", type=int, default=2000, help="of the one large file")
    parser.add_argument("--as", dest="part", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        way, place, container, source, name = arguments.part
        run = with_plugin if way == "plugin" else plainly
        print(json.dumps(run(place, container, Path(source), name)))
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="azml-bench-") as base,
        local_azure(Path(base) / "azure") as azure,
    ):
        folder = Path(base)
        small = stack_of(folder, "small", 1, 1000, azure)
        held = [uploads(folder, small, azure, arguments.rounds, arguments.files)]
        held.append(large_file(folder, small, arguments.megabytes))
        large = stack_of(folder, "large", 2000, arguments.gigabyte * 1_000_000 // 2000, azure)
        held.append(previews({"small": small, "large": large}, arguments.rounds))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
