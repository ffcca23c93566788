"""The language host under the real engine: programs, their failures, policy packs, and leaving."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
import yaml
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from azml.toolchain.program_environment import declared_plugins, interpreter
from tests.fixtures.waiting import eventually
from tests.toolchain.conftest import Pulumi

pytestmark = pytest.mark.process


def descendants(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(process: psutil.Process) -> bool:
    # A container's first process may leave its orphans unreaped.
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_program_sees_its_config_its_folder_and_its_own_modules(
    pulumi_cli: Path, project: Path, environment: dict[str, str]
) -> None:
    """In another folder than the project's, as `main` says; a preview and its update share no modules.

    The SDK's debug messages arrive. The state keeps where in the program each resource comes from, without
    the frames below the program.
    The process ends at once, but for what the program has left: a file that is open, a function to call.
    """
    inner = project / "inner"
    inner.mkdir()
    (project / "state").rename(inner / "state")
    (inner / "Pulumi.yaml").write_text((project / "Pulumi.yaml").read_text() + "main: ../\n")
    (project / "Pulumi.yaml").unlink()
    (project / "beside.py").write_text(
        "import pulumi\nanswer = 42\nruns = 0\nclass Part(pulumi.ComponentResource):\n"
        "    def __init__(self, name):\n        super().__init__('sample:index:Part', name)\n"
        "def part():\n    Part('one')\n"
        "left = open('left.txt', 'w')\nleft.write('whole')\n"
    )
    (project / "__main__.py").write_text(
        "import atexit, os, sys, pulumi, beside\n"
        "beside.runs += 1\n"
        "beside.part()\n"
        "config = pulumi.Config()\n"
        "pulumi.export('seen', {'plain': config.require('plain'), 'answer': beside.answer,\n"
        "    'project': pulumi.get_project(), 'stack': pulumi.get_stack(), 'folder': os.getcwd(),\n"
        "    'root': pulumi.get_root_directory(), 'python': sys.prefix, 'runs': beside.runs})\n"
        "pulumi.export('hidden', config.require_secret('hidden'))\n"
        "print('runs in', os.getcwd())\n"
        "atexit.register(print, 'the last word')\n"
    )

    def run(*arguments: str) -> str:
        command = [str(pulumi_cli), "-C", str(inner), *arguments, "--non-interactive"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("stack", "init", "dev")
    run("config", "set", "plain", "open")
    run("config", "set", "--secret", "hidden", "shut")
    shown = run("up", "--yes", "--debug")
    assert f"runs in {project}\n" in shown
    assert "the last word\n" in shown
    assert "resource registration prepared: ty=sample:index:Part" in shown
    assert "All outstanding outputs completed." in shown
    assert (project / "left.txt").read_text() == "whole"

    outputs = json.loads(run("stack", "output", "--json"))
    assert outputs["seen"] == {
        "plain": "open",
        "answer": 42,
        "project": "sample",
        "stack": "dev",
        "folder": str(project),
        "root": str(inner),
        "python": sys.prefix,
        "runs": 1,
    }
    assert outputs["hidden"] == "[secret]"
    state = json.loads((inner / "state/.pulumi/stacks/sample/dev.json").read_text())["checkpoint"]["latest"]
    part = next(one for one in state["resources"] if one["type"] == "sample:index:Part")
    assert [frame["sourcePosition"] for frame in part["stackTrace"]] == [
        "project:///../beside.py#8",
        "project:///../__main__.py#3",
    ]


@pytest.mark.parametrize(
    ("program", "shown", "hidden"),
    [
        (
            "def load():\n    raise ValueError('no such model')\nload()\n",
            ["Program failed with an unhandled exception:", "line 2, in load", "ValueError: no such model"],
            "runpy",
        ),
        ("import pulumi\nraise pulumi.RunError('in plain words')\n", ["error: in plain words"], "Traceback"),
        ("x = (\n", ["SyntaxError: '(' was never closed"], "runpy"),
        ("import sys\nsys.exit(3)\n", ["Program exited with non-zero exit code: 3"], "Traceback"),
    ],
    ids=["exception", "run error", "syntax error", "exit code"],
)
def test_a_failing_program_says_why_and_shows_its_own_frames_only(
    pulumi: Pulumi, project: Path, program: str, shown: list[str], hidden: str
) -> None:
    (project / "__main__.py").write_text(program)

    done = pulumi("preview")

    assert done.returncode != 0
    said = done.stdout + done.stderr
    for text in shown:
        assert text in said
    assert hidden not in said


def test_an_environment_the_project_names_and_that_is_not_there_is_named(
    pulumi: Pulumi, project: Path
) -> None:
    text = (project / "Pulumi.yaml").read_text()
    options = "runtime: {name: python, options: {virtualenv: venv}}"
    (project / "Pulumi.yaml").write_text(text.replace("runtime: python", options))
    (project / "__main__.py").write_text("")

    done = pulumi("preview")

    assert done.returncode != 0
    assert f"{project / 'venv'} has no bin/python" in done.stdout + done.stderr


def test_without_an_environment_the_script_says_what_to_do(
    pulumi_cli: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    del environment["VIRTUAL_ENV"]
    script = Path(__file__).parents[2] / "azml/toolchain/beside_pulumi/pulumi-language-python"
    done = subprocess.run([script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr == (
        f"no Python environment with azml for {tmp_path}: "
        "run make in the checkout once, or activate its .venv\n"
    )


def fake_environment(folder: Path, *, azml: bool = True) -> Path:
    """An environment whose Python says that it was taken."""
    for name in ("python", "azml") if azml else ("python",):
        program = folder / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\necho took $0 $*\n")
        program.chmod(0o755)
    return folder


def test_the_host_runs_in_the_nearest_environment_that_has_azml(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Not in the active one, which is the user's own, and not in that of another program on the way up."""
    script = Path(__file__).parents[2] / "azml/toolchain/beside_pulumi/pulumi-language-python"
    below = tmp_path / "clone" / "a"
    fake_environment(below / ".venv", azml=False)

    def taken(folder: Path, **variables: str) -> str:
        found = {**environment, "VIRTUAL_ENV": "", **variables}
        done = subprocess.run(
            [script, "x"], cwd=folder, env=found, capture_output=True, text=True, timeout=30
        )
        return done.stdout.removesuffix("/bin/python -P -m azml.toolchain.language_host x\n")

    users = str(fake_environment(tmp_path / "users", azml=False))
    active = str(fake_environment(tmp_path / "active"))
    named = str(fake_environment(tmp_path / "named"))
    assert taken(below, VIRTUAL_ENV=users) == ""
    assert taken(below, VIRTUAL_ENV=users, AZML_VENV=named) == f"took {named}"
    assert taken(below, VIRTUAL_ENV=active, AZML_VENV=named) == f"took {active}"
    own = str(fake_environment(tmp_path / "clone" / ".venv"))
    assert taken(below, VIRTUAL_ENV=active) == f"took {own}"


@pytest.mark.parametrize(("project", "named"), [("Pulumi.yaml", ".venv"), ("local/Pulumi.yaml", "../.venv")])
def test_both_projects_name_the_clones_environment(project: str, named: str) -> None:
    """Relative to the project file, as the official host takes it, and not to the program `main` names."""
    clone = Path(__file__).parents[2]
    text = yaml.safe_load((clone / project).read_text())
    info = language_pb2.ProgramInfo(
        root_directory=str((clone / project).parent), program_directory=str(clone), entry_point="."
    )
    info.options.update(text["runtime"]["options"])
    assert info.options["virtualenv"] == named
    assert interpreter(info).parent.parent.resolve() == (clone / ".venv").resolve()


def test_without_the_option_the_active_environment_runs_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path))
    users = fake_environment(tmp_path / "users", azml=False)
    monkeypatch.setenv("VIRTUAL_ENV", str(users))
    assert interpreter(info) == users / "bin" / "python"
    for nothing in ("", str(tmp_path / "gone")):
        monkeypatch.setenv("VIRTUAL_ENV", nothing)
        assert interpreter(info) == Path(sys.executable)


def test_a_policy_pack_in_python_runs_in_its_folder(pulumi: Pulumi, project: Path) -> None:
    """The pack says where it is and ends: no policy library is needed to prove that it ran."""
    pack = project / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(
        "import os, sys, pulumi\nprint('pack in', os.getcwd(), file=sys.stderr)\nsys.exit(7)\n"
    )
    (project / "__main__.py").write_text("")

    done = pulumi("preview", "--policy-pack", str(pack))

    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"pack in {pack}" in said
    assert "exit status 7" in said


@pytest.fixture
def host(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-P", "-m", "azml.toolchain.language_host", "127.0.0.1:1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    with process:
        yield process
        process.kill()


def call(host: "subprocess.Popen[bytes]") -> tuple[grpc.Channel, language_pb2_grpc.LanguageRuntimeStub]:
    assert host.stdout is not None
    channel = grpc.insecure_channel(f"127.0.0.1:{int(host.stdout.readline())}")
    return channel, language_pb2_grpc.LanguageRuntimeStub(channel)


def plugin_request(folder: Path) -> language_pb2.RunPluginRequest:
    info = language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point="."
    )
    environment = [f"{name}={value}" for name, value in {**os.environ, "COLOUR": "blue"}.items()]
    return language_pb2.RunPluginRequest(
        pwd=str(folder), args=["one", "two"], env=environment, info=info, kind="resource"
    )


def test_a_plugin_in_python_streams_what_it_prints_and_its_exit_code(
    host: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, sys\n"
        "print(sys.argv[1:], os.environ['COLOUR'])\nprint('aside', file=sys.stderr)\nsys.exit(5)\n"
    )
    channel, stub = call(host)
    with channel:
        answer = list(stub.RunPlugin(plugin_request(tmp_path), timeout=30))
    assert b"".join(each.stdout for each in answer) == b"['one', 'two'] blue\n"
    assert b"".join(each.stderr for each in answer) == b"aside\n"
    assert [each.exitcode for each in answer if each.WhichOneof("output") == "exitcode"] == [5]


def test_what_is_imported_is_shown_in_pulumis_own_notation(host: "subprocess.Popen[bytes]") -> None:
    """Comments of a Python program: an import that went well must not end in an error."""
    channel, stub = call(host)
    asked = language_pb2.GenerateProgramRequest(
        source={"a.pp": 'resource g "x:y:Z" {\n\n    location = "w"\n}\n'}
    )
    with channel:
        answer = stub.GenerateProgram(asked, timeout=30)
    (text,) = answer.source.values()
    lines = text.decode().splitlines()
    assert all(line.startswith("#") for line in lines)
    assert lines[-4:] == ['# resource g "x:y:Z" {', "#", '#     location = "w"', "# }"]


def test_a_plugin_ends_when_the_engine_stops_listening(
    host: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    (tmp_path / "__main__.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(300)\n")
    channel, stub = call(host)
    with channel:
        stream = stub.RunPlugin(plugin_request(tmp_path), timeout=60)
        assert next(stream).stdout.startswith(b"up")
        (plugin,) = descendants(host)
        stream.cancel()
        eventually(lambda: gone(plugin))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_host_leaves_quietly_when_asked(host: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    assert host.stdout is not None
    assert int(host.stdout.readline()) > 0
    host.send_signal(number)
    out, err = host.communicate(timeout=10)
    assert (host.returncode, out, err) == (0, b"", b"")


def test_host_and_program_leave_when_the_engine_is_killed(
    pulumi_cli: Path, pulumi: Pulumi, project: Path, environment: dict[str, str]
) -> None:
    (project / "__main__.py").write_text(
        "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(300)\n"
    )
    command = [str(pulumi_cli), "preview", "--non-interactive"]
    engine = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        eventually((project / "started").exists)
        left = descendants(engine)
        assert any("child.py" in " ".join(each.cmdline()) for each in left)
    finally:
        engine.kill()
        engine.wait()
    eventually(lambda: all(gone(each) for each in left))


def test_plugins_are_read_from_installed_packages(tmp_path: Path) -> None:
    manifests = {
        "one": {"resource": True, "name": "one", "version": "1.2.3", "server": "https://plugins.example"},
        "two": {"resource": True, "name": "two", "version": "v2.0.0"},
        "none": {"resource": False, "name": "none"},
    }
    for name, manifest in manifests.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pulumi-plugin.json").write_text(json.dumps(manifest))

    found = [(each.name, each.version, each.server) for each in declared_plugins([str(tmp_path), os.devnull])]

    assert found == [("one", "v1.2.3", "https://plugins.example"), ("two", "v2.0.0", "")]
