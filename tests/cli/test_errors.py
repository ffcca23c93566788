"""The edge: every failure is a few lines and an exit code, and never a traceback unless asked for."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from azml.azure.errors import AzureError
from azml.cli import errors
from azml.cli.failure import CommandError, ExitCode, InputError, NotThereError
from azml.findings import Finding, InvalidInput
from azml.toolchain.failure import ToolError

pytestmark = pytest.mark.process


def _raising(failure: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise failure

    return command


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (CommandError("it broke", "mend it"), ExitCode.FAILED, "azml: it broke\n      mend it"),
        (InputError("no such thing"), ExitCode.WRONG_INPUT, "azml: no such thing"),
        (NotThereError("gone"), ExitCode.NOT_THERE, "azml: gone"),
        (AzureError("Conflict: [busy]"), ExitCode.FAILED, "azml: Conflict: [busy]"),
        (ToolError("no go", "install it"), ExitCode.FAILED, "azml: no go\n      install it"),
        (OSError(errno.ENOSPC, "No space left", "/x"), ExitCode.FAILED, "azml: the disk is full: /x"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            ExitCode.FAILED,
            "azml: Permission denied: /x",
        ),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "azml: interrupted"),
        (ZeroDivisionError("ours"), ExitCode.FAILED, "azml: ZeroDivisionError: ours"),
    ],
)
def test_a_failure_is_told_in_lines(
    failure: BaseException, code: ExitCode, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert errors.run(_raising(failure)) == code
    printed = capsys.readouterr().err
    assert printed.startswith(said)
    assert "Traceback" not in printed


def test_every_finding_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding("is wrong", "do this", Path("a.yml"), 3, "name"), Finding("is wrong too")]
    assert errors.run(_raising(InvalidInput(findings))) == ExitCode.WRONG_INPUT
    assert capsys.readouterr().err == "azml: a.yml:3: name: is wrong; do this\nazml: is wrong too\n"


def test_a_traceback_is_shown_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZML_DEBUG", "1")
    errors.run(_raising(ZeroDivisionError("ours")))
    assert "Traceback" in capsys.readouterr().err


def test_azures_own_clients_are_told_by_their_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    errors.run(_raising(HttpResponseError("it is so\nand so on")))
    errors.run(_raising(ClientAuthenticationError("who are you")))
    printed = capsys.readouterr().err.splitlines()
    assert printed == ["azml: Azure answered: it is so", "azml: could not sign in to Azure: who are you"]


def test_an_unknown_command_is_wrong_input() -> None:
    assert _azml("emulate").returncode == ExitCode.WRONG_INPUT


def test_a_command_imports_no_other() -> None:
    """Each is called many times by scripts, and importing all of them takes as long as some of them take."""
    program = "import sys\nfrom azml.cli.app import main\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, "status", "--help"], capture_output=True, text=True, check=False
    )
    assert "status [OPTIONS]" in done.stdout
    assert "azml.cli.commands.status" in done.stdout
    assert "azml.cli.commands.up" not in done.stdout
    assert "ruamel" not in done.stdout, "for a command that reads a stack file, once it does"


def test_asking_a_local_azure_that_does_not_run(tmp_path: Path) -> None:
    done = _azml("emulator", "status", "--json", project=_empty_clone(tmp_path))
    assert done.returncode == ExitCode.NOT_THERE
    assert json.loads(done.stdout)["running"] is False
    assert done.stderr.startswith("azml: the local Azure is not running\n")


def test_json_has_no_colour_where_a_pipeline_forces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = _azml("emulator", "status", "--json", project=_empty_clone(tmp_path))
    assert json.loads(done.stdout)["running"] is False


def test_the_name_of_a_version_is_told_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    errors.run(_raising(AzureError("azureml:car:1 is not [there]")))
    assert capsys.readouterr().err == "azml: azureml:car:1 is not [there]\n"


def test_a_port_that_cannot_be_is_wrong_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZML_PORT", "70000")
    done = _azml("emulator", "start", project=_empty_clone(tmp_path))
    assert done.returncode == ExitCode.WRONG_INPUT
    assert "'AZML_PORT'" in done.stderr


def test_a_stack_has_to_be_chosen_among_several(tmp_path: Path) -> None:
    clone = _empty_clone(tmp_path)
    for name in ("dev", "prod"):
        (clone / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    done = _azml("status", project=clone)
    assert done.returncode == ExitCode.WRONG_INPUT
    assert "--stack: dev, prod" in done.stderr
    assert _azml("status", "--stack", "live", project=clone).returncode == ExitCode.NOT_THERE


def test_a_stack_nobody_named_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = _empty_clone(tmp_path)
    (clone / "Pulumi.dev.yaml").write_text("config: {}\n")
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", "s")
    done = _azml("status", project=clone)
    assert done.returncode == ExitCode.WRONG_INPUT
    assert done.stderr.startswith("the local Azure is not running: this is about stack dev\nazml: ")


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    program = "from azml.cli import errors; errors.run(lambda: [print('line') for _ in range(100000)])"
    line = f'"{sys.executable}" -c "{program}" | true'
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("raise KeyboardInterrupt", ExitCode.INTERRUPTED, "azml: interrupted"),
        ("raise BrokenPipeError(32, 'Broken pipe')", ExitCode.DONE, ""),
    ],
)
def test_how_a_command_of_the_app_ends_is_told_by_the_edge(body: str, code: ExitCode, said: str) -> None:
    program = (
        "from azml.cli.app import application, main\napp = application()\n"
        f"@app.command()\ndef probe():\n    {body}\nmain(app)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "probe"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr[: len(said)]) == (code, said)


def _empty_clone(folder: Path) -> Path:
    (folder / "local").mkdir()
    (folder / "local" / "Pulumi.yaml").write_text("name: azml-local\n")
    (folder / "azml" / "cli").mkdir(parents=True)
    return folder


def _azml(*arguments: str, project: Path | None = None) -> subprocess.CompletedProcess[str]:
    program = "from azml.cli.app import main; main()"
    environment = {**os.environ, "AZML_PROJECT": str(project or Path.cwd())}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
