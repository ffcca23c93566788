"""A stand-in for `docker`: knows the arguments that the local Azure uses, and refuses all others.

A container is a process of this machine, started apart from the command line like a real one; an image is a
Python program. STANDIN_DOCKER names the folder with `images` (those on this machine), `registry` (those it
can pull), `containers`, and `calls`, what it was asked. The program finds the ports of this machine that
stand for its own in STANDIN_PORTS, and its mounts in STANDIN_MOUNTS.
"""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

HOME = Path(os.environ["STANDIN_DOCKER"])


def refuse(text: str, code: int = 1) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(code)


def place(folder: str, name: str) -> Path:
    return HOME / folder / name.replace("/", "_").replace(":", "_")


def containers(label: str) -> list[str]:
    found = [json.loads(path.read_text()) for path in (HOME / "containers").iterdir()]
    key = label.removeprefix("label=")
    return [one["name"] for one in found if one["label"] == key or one["label"].split("=")[0] == key]


def pull(image: str) -> None:
    if not place("registry", image).is_file():
        refuse(f"Error response from daemon: pull access denied for {image}, repository does not exist")
    print(
        f"latest: Pulling from {image}\n1f2e3d: Download complete\nStatus: Downloaded newer image", flush=True
    )
    shutil.copyfile(place("registry", image), place("images", image))


def mount(text: str) -> tuple[str, str]:
    kind, source, target, access = next(csv.reader([text]))
    assert (kind, access) == ("type=bind", "readonly")
    assert Path(source.removeprefix("source=")).is_dir()
    return target.removeprefix("target="), source.removeprefix("source=")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def run(arguments: list[str]) -> NoReturn:
    name = label = ""
    ports: dict[str, int] = {}
    mounts: dict[str, str] = {}
    variables: dict[str, str] = {}
    while arguments[0].startswith("--"):
        match arguments:
            case ["--rm", *arguments] | ["--pull", "never", *arguments]:
                pass
            case ["--name", name, *arguments]:
                pass
            case ["--label", label, *arguments]:
                pass
            case ["--publish", told, *arguments] if told.startswith("127.0.0.1::"):
                ports[told.rpartition(":")[2]] = free_port()
            case ["--mount", told, *arguments]:
                mounts.update([mount(told)])
            case ["--env", told, *arguments]:
                variable, given, value = told.partition("=")
                variables[variable] = value if given else os.environ[variable]
            case _:
                refuse(f"unknown flag: {arguments[0]}", 125)
    (image,) = arguments
    if not place("images", image).is_file():
        refuse(f"docker: Error response from daemon: No such image: {image}", 125)
    variables |= {"STANDIN_PORTS": json.dumps(ports), "STANDIN_MOUNTS": json.dumps(mounts)}
    command = [sys.executable, "-I", "-u", str(place("images", image))]
    process = subprocess.Popen(command, env=variables, start_new_session=True)
    record = place("containers", name)
    partial = HOME / f"{record.name}.partial"  # others read the record as soon as it is there
    partial.write_text(json.dumps({"name": name, "label": label, "pid": process.pid, "ports": ports}))
    partial.replace(record)

    def forward(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    code = process.wait()
    record.unlink(missing_ok=True)
    sys.exit(128 - code if code < 0 else code)


def known(name: str) -> dict[str, object]:
    try:
        return dict(json.loads(place("containers", name).read_text()))
    except FileNotFoundError:
        refuse(f"Error response from daemon: No such container: {name}")


def end(name: str, grace: float) -> None:
    pid = int(str(known(name)["pid"]))
    deadline = time.monotonic() + grace
    try:
        os.kill(pid, signal.SIGTERM if grace else signal.SIGKILL)
        while time.monotonic() < deadline and place("containers", name).exists():
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    place("containers", name).unlink(missing_ok=True)


def main(arguments: list[str]) -> None:
    with (HOME / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    if (HOME / "down").exists():
        refuse("Cannot connect to the Docker daemon. Is the docker daemon running?")
    match arguments:
        case ["ps", "--quiet", "--filter", label] | ["ps", "--all", "--quiet", "--filter", label]:
            print("\n".join(containers(label)))
        case ["image", "inspect", "--format", "{{.Id}}", image]:
            print("sha256:0") if place("images", image).is_file() else refuse(f"No such image: {image}")
        case ["pull", image]:
            pull(image)
        case ["run", *told]:
            run(told)
        case ["port", name, port]:
            ports = known(name)["ports"]
            assert isinstance(ports, dict)
            print(f"127.0.0.1:{ports[port.removesuffix('/tcp')]}")
        case ["stop", "-t", grace, name]:
            end(name, float(grace))
        case ["rm", "--force", *names]:
            for name in names:
                end(name, 0)
        case _:
            refuse(f"unknown command: {arguments}", 125)


if __name__ == "__main__":
    main(sys.argv[1:])
