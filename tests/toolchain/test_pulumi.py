"""Which `pulumi` is taken, and what becomes of an installation that is interrupted.

The CLIs and the Go here are small shell scripts where the real ones are not to be had in several versions.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from azml.toolchain import official_installer, pulumi, source_build
from azml.toolchain.failure import ToolError
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.process

REFUSED = "http://127.0.0.1:9/install.sh"


def program(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def cli(folder: Path, version: str = pulumi.VERSION, *, host: bool = True) -> Path:
    if host:
        program(folder / "pulumi-language-python", "exit 0")
    return program(folder / "pulumi", f"echo v{version}")


#: Answers what the build asks: its version, the packages, and a `pulumi` of the version stamped into it.
GO = """
case $1 in
env) echo go1.99.0 ;;
list) echo 'go: downloading example.com/a v1.0.0' >&2; printf 'one\\ntwo\\n' ;;
build)
    cp go.mod go.sum "$SEEN"
    while [ $# -gt 0 ]; do
        case $1 in -o) out=$2 ;; -ldflags) version=${2##*=} ;; esac
        shift
    done
    printf '#!/bin/sh\\necho %s\\n' "$version" > "$out"
    chmod +x "$out" ;;
esac
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that comes first on PATH; no `pulumi` and no `go` behind it, and an empty cache."""
    folder = tmp_path / "bin"
    folder.mkdir()
    seen = tmp_path / "seen"
    seen.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("AZML_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEEN", str(seen))
    monkeypatch.setattr(official_installer, "INSTALLER", REFUSED)
    return folder


@pytest.fixture
def said() -> list[str]:
    return []


def cached(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "pulumi" / pulumi.VERSION


@pytest.mark.parametrize("version", [pulumi.VERSION, "3.300.1", "4.0.0"])
def test_an_installed_cli_that_is_new_enough_is_used(path: Path, said: list[str], version: str) -> None:
    installed = cli(path, version)
    assert pulumi.find_or_install(said.append) == installed
    assert said == []


def test_the_host_of_an_installed_cli_may_lie_where_a_link_points(
    path: Path, tmp_path: Path, said: list[str]
) -> None:
    (path / "pulumi").symlink_to(cli(tmp_path / "opt"))
    assert pulumi.find_or_install(said.append) == path / "pulumi"


@pytest.mark.parametrize(
    ("version", "host", "reason"),
    [
        ("3.258.9", True, "its version is 3.258.9, 3.259.0 is needed"),
        ("oops", True, "its version is unknown"),
        (pulumi.VERSION, False, "there is no pulumi-language-python beside it"),
    ],
)
def test_an_installed_cli_that_does_not_do_is_passed_over_and_named(
    path: Path, tmp_path: Path, said: list[str], version: str, host: bool, reason: str
) -> None:
    cli(path, version, host=host)
    usable = cli(cached(tmp_path))
    assert pulumi.find_or_install(said.append) == usable
    assert reason in said[0]


def test_without_the_installer_it_is_built_from_the_pinned_modules(
    path: Path, tmp_path: Path, said: list[str]
) -> None:
    program(path / "go", GO)

    found = pulumi.find_or_install(said.append)

    assert found == cached(tmp_path) / "pulumi"
    assert "cannot be reached" in " ".join(said)
    assert sorted(each.name for each in found.parent.iterdir()) == [
        "built-from-go-modules",
        "pulumi",
        "pulumi-language-python",
        "pulumi-resource-pulumi-python",
    ]
    for name in ("go.mod", "go.sum"):
        pinned = Path(source_build.__file__).parent / "gomodule" / name
        assert (tmp_path / "seen" / name).read_bytes() == pinned.read_bytes()
    assert {each.name for each in found.parent.parent.iterdir()} == {pulumi.VERSION, f"{pulumi.VERSION}.lock"}

    (path / "go").unlink()
    assert pulumi.find_or_install(said.append) == found, "the second time nothing is built"


def test_a_cached_build_gets_the_language_host_of_this_checkout(
    path: Path, tmp_path: Path, said: list[str]
) -> None:
    cli(cached(tmp_path))
    (cached(tmp_path) / "built-from-go-modules").touch()
    pulumi.find_or_install(said.append)
    host = cached(tmp_path) / "pulumi-language-python"
    assert "azml.toolchain.language_host" in host.read_text()
    assert os.access(host, os.X_OK)


def test_the_language_host_of_an_official_cli_is_never_shadowed(
    path: Path, tmp_path: Path, said: list[str]
) -> None:
    cli(cached(tmp_path))
    before = (cached(tmp_path) / "pulumi-language-python").read_bytes()
    pulumi.find_or_install(said.append)
    assert (cached(tmp_path) / "pulumi-language-python").read_bytes() == before


def test_the_official_installer_puts_it_into_the_cache_and_nowhere_else(
    path: Path, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = program(
        tmp_path / "install.sh",
        'echo "$@" > "$SEEN/arguments"\n'
        'while [ $# -gt 0 ]; do [ "$1" = --install-root ] && root=$2; shift; done\n'
        'mkdir -p "$root/bin"\n'
        f'printf "#!/bin/sh\\necho v{pulumi.VERSION}\\n" > "$root/bin/pulumi"\n'
        'echo official > "$root/bin/pulumi-language-python"\n'
        'chmod +x "$root/bin/"*',
    )
    monkeypatch.setattr(official_installer, "INSTALLER", script.as_uri())

    found = pulumi.find_or_install(said.append)

    assert found == cached(tmp_path) / "pulumi"
    assert sorted(each.name for each in found.parent.iterdir()) == ["pulumi", "pulumi-language-python"]
    arguments = (tmp_path / "seen" / "arguments").read_text()
    assert f"--version {pulumi.VERSION}" in arguments
    assert "--no-edit-path" in arguments


def test_an_installer_that_fails_shows_its_words_and_leaves_nothing(
    path: Path, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = program(tmp_path / "install.sh", "echo no build for this machine >&2\nexit 1")
    monkeypatch.setattr(official_installer, "INSTALLER", script.as_uri())
    with pytest.raises(ToolError, match="needs Go, and there is none on PATH") as caught:
        pulumi.find_or_install(said.append)
    assert "install Go 1.25" in caught.value.remedy
    assert "\n" not in caught.value.remedy
    assert "no build for this machine" in " ".join(said)
    assert [each.name for each in cached(tmp_path).parent.iterdir()] == [f"{pulumi.VERSION}.lock"]


def test_a_cli_that_is_not_what_was_asked_for_is_not_kept(
    path: Path, tmp_path: Path, said: list[str]
) -> None:
    program(path / "go", GO.replace('"$version"', "v3.1.0"))
    with pytest.raises(ToolError, match=r"says its version is 3\.1\.0"):
        pulumi.find_or_install(said.append)
    assert not cached(tmp_path).exists()


@pytest.mark.parametrize(
    ("go", "message", "remedy"),
    [
        ("echo go1.24.9", r"needs Go 1\.25\.\d+, and this is go1\.24\.9", "install Go 1.25"),
        ("exit 1", "go env failed", "install Go 1.25"),
        (
            "[ $1 = env ] && echo go1.99 && exit\necho 'checksum mismatch' >&2\nexit 1",
            "(?s)go ended with 1.*checksum mismatch",
            "module proxy",
        ),
        (
            "[ $1 = env ] && echo go1.99 && exit\necho 'write a: no space left on device' >&2\nexit 1",
            "no space left",
            "4 GB free",
        ),
    ],
    ids=["too old", "broken", "a build that fails", "a full disk"],
)
def test_a_go_that_does_not_do_is_an_error_that_says_what_to_install(
    path: Path, tmp_path: Path, said: list[str], go: str, message: str, remedy: str
) -> None:
    program(path / "go", go)
    with pytest.raises(ToolError, match=message) as caught:
        pulumi.find_or_install(said.append)
    assert remedy in caught.value.remedy
    assert not cached(tmp_path).exists()


def start_and_wait_for(file: Path) -> "subprocess.Popen[bytes]":
    code = (
        "from azml.toolchain import official_installer\n"
        f"official_installer.INSTALLER = {REFUSED!r}\n"
        "from azml.toolchain.pulumi import find_or_install\n"
        "find_or_install(lambda line: None)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    eventually(lambda: file.exists() or process.poll() is not None, 30)
    assert process.poll() is None
    return process


def test_a_killed_build_leaves_nothing_that_is_taken_for_complete(
    path: Path, tmp_path: Path, said: list[str]
) -> None:
    slow = GO.replace("printf '#!", 'echo half > "$out"; touch "$SEEN/half"; exec sleep 60; printf \'#!')
    program(path / "go", slow)
    process = start_and_wait_for(tmp_path / "seen" / "half")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert pulumi.find_cached() is None

    program(path / "go", GO)
    found = pulumi.find_or_install(said.append)

    assert found.exists()
    assert {each.name for each in found.parent.parent.iterdir()} == {pulumi.VERSION, f"{pulumi.VERSION}.lock"}


def test_two_clones_do_not_build_at_once(path: Path, tmp_path: Path, said: list[str]) -> None:
    waits = 'echo build >> "$SEEN/builds"; while [ ! -e "$SEEN/go-on" ]; do sleep 0.05; done; printf \'#!'
    program(path / "go", GO.replace("printf '#!", waits))
    first = start_and_wait_for(tmp_path / "seen" / "builds")
    found: list[Path] = []
    second = threading.Thread(target=lambda: found.append(pulumi.find_or_install(said.append)))
    second.start()
    eventually(lambda: said, 30)
    (tmp_path / "seen" / "go-on").touch()
    second.join(30)
    assert first.wait(30) == 0
    assert said[0] == "waiting for another run that is installing it"
    assert found == [cached(tmp_path) / "pulumi"]
    assert (tmp_path / "seen" / "builds").read_text() == "build\n"


def test_the_real_cli_is_the_pinned_version() -> None:
    """Holds wherever the suite runs: whatever was found or built, it starts and is new enough."""
    found = pulumi.find_or_install(print)
    answer = subprocess.run([found, "version"], capture_output=True, text=True, timeout=60, check=True)
    numbers = tuple(int(each) for each in answer.stdout.strip().lstrip("v").split("-")[0].split("."))
    assert numbers >= (3, 259, 0)
