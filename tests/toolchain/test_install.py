"""The bootstrap on machines that lack something, and the settings it hands from pip to uv."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scripts.published.sources import SOURCES

pytestmark = pytest.mark.process

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install_under_test", SCRIPTS / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with what every system has, git, and nothing else."""
    for name in ("sh", "dirname", "uname", "git"):
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    return tmp_path


def program(file: Path, body: str) -> None:
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def start(machine: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": str(machine), **variables}
    return subprocess.run([SCRIPTS / "install"], env=environment, capture_output=True, text=True, timeout=60)


def test_a_cdpath_of_the_user_leads_nowhere_else(machine: Path) -> None:
    (machine / "scripts").mkdir()
    program(machine / "python3", '[ "$1" = -c ] || pwd')
    done = subprocess.run(
        ["scripts/install"],
        cwd=SCRIPTS.parent,
        env={"PATH": str(machine), "CDPATH": str(machine)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == f"{SCRIPTS.parent}\n"


OLD = "case $1 in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac"


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("uname", "echo MINGW64_NT", "MINGW64_NT is not supported: use Linux, macOS, or Linux in WSL 2"),
        ("git", None, "git is missing: install the package git"),
        ("python3", None, "python3 is missing: install the packages python3 and python3-venv"),
        (
            "python3",
            OLD,
            "Python 3.11 or newer is needed, found Python 3.9.2: install the package",
        ),
    ],
)
def test_what_is_missing_is_named_in_one_line(
    machine: Path, name: str, body: str | None, message: str
) -> None:
    if body is None:
        (machine / name).unlink(missing_ok=True)
    else:
        program(machine / name, body)
    done = start(machine)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_a_newer_python_beside_an_old_one_is_taken(machine: Path) -> None:
    program(machine / "python3", OLD)
    program(machine / "python3.12", '[ "$1" = -c ] || echo took "$@"')
    assert start(machine).stdout == "took scripts/install.py\n"


def test_the_python_that_was_asked_for_is_taken(machine: Path) -> None:
    program(machine / "python3", "echo not this one")
    program(machine / "my python", '[ "$1" = -c ] || echo took "$@"')
    assert start(machine, AZML_PYTHON=str(machine / "my python")).stdout == "took scripts/install.py\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("python4", "AZML_PYTHON is python4, and there is no such program\n"),
        ("old", "Python 3.11 or newer is needed, found Python 3.9.2: "),
    ],
)
def test_a_python_that_was_asked_for_and_does_not_do_is_not_replaced(
    machine: Path, name: str, message: str
) -> None:
    program(machine / "python3", "echo not this one")
    program(machine / "old", OLD)
    done = start(machine, AZML_PYTHON=name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(message)


@pytest.mark.parametrize(("asked", "kept"), [(None, True), (sys.executable, False)])
def test_an_environment_of_another_python_is_made_anew_where_one_was_asked_for(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str | None, kept: bool
) -> None:
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    program(venv / "bin" / "python", "exit 0")
    (venv / "bin" / "pip").write_text(f"#!{venv}/bin/python\n")
    monkeypatch.setattr(install, "VENV", venv)
    monkeypatch.setattr(install, "PYTHON", venv / "bin" / "python")
    monkeypatch.delenv("AZML_PYTHON", raising=False)
    if asked:
        monkeypatch.setenv("AZML_PYTHON", asked)
    made: list[object] = []
    monkeypatch.setattr(install, "run", lambda command, environment: made.append(command))
    install.make_environment()
    assert (venv.exists(), bool(made)) == (kept, not kept)


def test_a_python_without_venv_names_the_package(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(install.Stop, match=r"install the package python3\.\d+-venv"):
        install.make_environment()


@pytest.fixture
def pip_says(install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip's own settings file, read by the real pip; nothing of this machine's."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_", "SSL_CERT")):
            monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    python = tmp_path / "python"
    program(python, f'exec {sys.executable} "$@"')
    monkeypatch.setattr(install, "PYTHON", python)
    return file


def test_uv_hears_what_pip_was_told(
    install: ModuleType, pip_says: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_says.write_text(
        "[global]\nindex-url = https://one.example/simple\ncert = /certs.pem\n"
        "extra-index-url =\n    https://two.example/simple\n    https://three.example/simple\n"
    )
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple")
    given = install.uv_environment()
    assert given["UV_DEFAULT_INDEX"] == "https://variable.example/simple", "a variable beats a file"
    assert given["UV_INDEX"] == "https://two.example/simple https://three.example/simple"
    assert given["SSL_CERT_FILE"] == "/certs.pem"


def test_several_places_to_find_links_reach_uv(install: ModuleType, pip_says: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    pip_says.write_text("[install]\nfind-links =\n" + "".join(f"    {folder}\n" for folder in folders))
    uv = [str(Path(sys.prefix, "bin", "uv")), "pip", "install", "--dry-run", "--offline", "--no-index"]
    done = subprocess.run(
        [*uv, "--python", sys.executable, "no-such-package"],
        env=install.uv_environment(),
        capture_output=True,
        text=True,
    )
    assert "was not found in the provided package locations" in done.stderr


def test_a_disk_that_takes_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    """A folder where the environment's stamp belongs stands for it: root may write on anything else."""
    clone = tmp_path / "clone"
    (clone / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPTS / "install.py", clone / "scripts")
    for name in ("requirements-uv.txt", "requirements.txt", "pyproject.toml"):
        (clone / name).touch()
    (clone / ".venv" / "installed-from").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "scripts/install.py"], cwd=clone, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{clone / '.venv'} cannot be made: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_what_uv_was_told_itself_wins(
    install: ModuleType, pip_says: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pip_says.write_text("[global]\nindex-url = https://pip.example/simple\n")
    monkeypatch.setenv(name, "https://uv.example/simple")
    given = install.uv_environment()
    assert given[name] == "https://uv.example/simple"
    assert "https://pip.example/simple" not in given.values()


def test_the_fingerprint_changes_with_a_lock(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*install.LOCKS, "pyproject.toml"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(install, "ROOT", tmp_path)
    before = install.fingerprint()
    assert install.fingerprint() == before
    (tmp_path / "requirements.txt").write_text("changed")
    assert install.fingerprint() != before


def test_every_part_of_azure_native_the_program_uses_is_compiled(install: ModuleType) -> None:
    """And none that it does not use: the SDK has thousands of modules."""
    used: set[str] = set()
    folders = (SCRIPTS.parent / "components", SCRIPTS.parent / "azml" / "stack")
    for file in (file for folder in folders for file in folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            package, _, module = (getattr(node, "module", None) or "").partition(".")
            if isinstance(node, ast.ImportFrom) and package == "pulumi_azure_native":
                used.update([module.partition(".")[0]] if module else [name.name for name in node.names])
    assert used == set(install.AZURE_NATIVE)


def test_the_versions_of_azure_s_clients_that_are_compared_with_are_compiled(install: ModuleType) -> None:
    unused = re.compile(f"/site-packages/({install.UNUSED})")
    assert [source.package for source in SOURCES if unused.search(f"{source.path}/models/")] == []


def test_modules_are_compiled_where_python_is_told_to_write_nothing(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    sdk, azure = packages / "pulumi_azure_native", packages / "azure"
    wanted = [tmp_path / "azml", tmp_path / "components", sdk, sdk / "storage", packages / "mypy_extensions"]
    wanted += [azure / "mgmt" / "msi" / "v2024_11_30", azure / "identity"]
    others = [sdk / "batch", azure / "mgmt" / "msi" / "v2015_01_01", azure / "identity" / "aio"]
    for folder in (*wanted, *others, packages / "mypy", packages / "tornado" / "test"):
        folder.mkdir(parents=True)
        (folder / "module.py").write_text("one = 1\n")
    (tmp_path / "azml" / "broken.py").write_text("def\n")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))
    install.compile_modules()
    assert {file.parents[1] for file in tmp_path.rglob("*.pyc")} == set(wanted)
