"""What a scoring script reaches of this machine: what scripts need, and nothing of the local Azure's own."""

import asyncio
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.logs import Log, Output
from azml.emulator.base.subprocesses import Launch, running
from azml.emulator.supervisor.serving import confinement, landlock
from azml.emulator.supervisor.serving.confinement import Confinement, means, profile
from azml.emulator.supervisor.serving.landlock import Rules

pytestmark = pytest.mark.process

needs_landlock = pytest.mark.skipif(means() != "Landlock", reason="this kernel has no Landlock")
Try = Callable[[str], str]


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    """A folder to hide, with a key, an own folder below it, and a symlink to it from beside."""
    folder = tmp_path / "azure"
    (folder / "own").mkdir(parents=True)
    (folder / "key").write_text("secret")
    (folder / "bundle").write_text("certificates")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "link").symlink_to(folder)
    return folder


@pytest.fixture
def attempt(hidden: Path) -> Try:
    """Run Python in a confined process; what it printed, or the last line of why it failed."""

    def run(code: str) -> str:
        command = (sys.executable, "-I", "-S", "-c", f"import os\n{textwrap.dedent(code)}")
        launch = Launch(command, hidden / "own", {"PATH": os.defpath})
        around = Confinement((hidden,), "Landlock").around(launch, (hidden / "own",), (hidden / "bundle",))
        return asyncio.run(printed(around, hidden.parent / "log")).rpartition("\n")[2]

    return run


async def printed(launch: Launch, log: Path) -> str:
    """What a program prints until it ends."""
    output = Output(Log(log))
    async with running(launch, output) as program:
        await program.ended()
    return output.excerpt()


@needs_landlock
def test_a_confined_process_opens_nothing_that_is_hidden(attempt: Try, hidden: Path) -> None:
    """By its name, by a symlink, by another process, by the disk; it changes nothing either."""
    beside = hidden.parent / "beside"
    for path in (hidden / "key", beside / "link" / "key", hidden / "own" / ".." / "key"):
        assert "PermissionError" in attempt(f"print(open({str(path)!r}).read())")
        assert "PermissionError" in attempt(f"open({str(path)!r}, 'w')")
    assert "PermissionError" in attempt(f"print(os.listdir({str(hidden)!r}))")
    assert "PermissionError" in attempt(
        f"os.rename({str(hidden / 'key')!r}, {str(hidden / 'own' / 'key')!r})"
    )
    assert "Error" in attempt(f"os.link({str(hidden / 'key')!r}, {str(hidden / 'own' / 'key')!r})")
    for name in ("environ", "mem", "maps"):
        assert "PermissionError" in attempt(f"print(open('/proc/{os.getpid()}/{name}', 'rb').read(9))")
    assert "Error" in attempt(f"os.listdir('/proc/{os.getpid()}/cwd/')")
    for disk in landlock._disks():
        assert "PermissionError" in attempt(f"print(open({disk!r}, 'rb').read(9))")
    assert "Error" in attempt("os.mknod('disk', 0o60600, os.makedev(254, 0))")
    assert (hidden / "key").read_text() == "secret"


@needs_landlock
def test_a_confined_process_reaches_what_is_its_own_and_the_machines(attempt: Try, hidden: Path) -> None:
    assert attempt(
        "open('new', 'w').write('1'); os.mkdir('d'); os.rename('new', 'd/new'); print(os.listdir())"
    )
    assert (hidden / "own" / "d" / "new").read_text() == "1"
    assert attempt(f"print(open({str(hidden / 'bundle')!r}).read())") == "certificates"
    assert "PermissionError" in attempt(f"open({str(hidden / 'bundle')!r}, 'w')")
    assert attempt("print(len(open('/etc/passwd').read()) > 0)") == "True"
    assert attempt("print(open('/dev/null', 'w').write('x'))") == "1"
    beside = hidden.parent / "beside" / "file"
    assert attempt(f"print(open({str(beside)!r}, 'w').write('x'))") == "1", "below /tmp, as scripts do"


@needs_landlock
def test_a_confined_process_plants_nothing_that_others_would_run(attempt: Try, tmp_path: Path) -> None:
    """A program or a start-up file written by it would run outside, and read for it."""
    for path in (
        Path("/etc/passwd"),
        Path.home() / ".profile",
        Path(confinement.__file__),
        Path("/etc/new"),
    ):
        if path.is_relative_to("/tmp"):  # a clone there lies where scripts may write
            continue
        said = attempt(f"open({str(path)!r}, 'a')")
        assert "PermissionError" in said or "Read-only" in said, path
    assert "Error" in attempt("open('/proc/sys/kernel/core_pattern', 'w')")


@needs_landlock
def test_a_confined_process_writes_to_nothing_that_is_kept_even_below_tmp(hidden: Path) -> None:
    """Such as another deployment's environment. What is hidden below it stays so."""
    kept = hidden.parent
    command = (sys.executable, "-I", "-S", "-c", TRIES)
    launch = Launch((*command, str(kept), str(hidden)), hidden / "own", {"PATH": os.defpath})
    around = Confinement((hidden,), "Landlock", (kept,)).around(launch, (hidden / "own",), ())
    assert asyncio.run(printed(around, kept / "log")).splitlines() == [
        "['link']",
        "PermissionError",
        "PermissionError",
        "1",
    ]


TRIES = """
import os, sys
kept, hidden = sys.argv[1:]
for attempt in (
    lambda: os.listdir(f"{kept}/beside"),
    lambda: open(f"{kept}/beside/new", "w").write("x"),
    lambda: os.listdir(hidden),
    lambda: open(f"{hidden}/own/new", "w").write("x"),
):
    try:
        print(attempt())
    except OSError as refused:
        print(type(refused).__name__)
"""


@needs_landlock
def test_a_confined_process_of_roots_has_no_power_over_the_kernel_or_others(attempt: Try) -> None:
    held = "[line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff')]"
    assert attempt(f"print(int({held}[0], 16) & ~0b11111)") == "0", "none but those for files"
    assert attempt("print(open('/proc/self/status').read().count('NoNewPrivs:\\t1'))") == "1"
    if landlock.version() >= 6:
        assert "PermissionError" in attempt(f"os.kill({os.getpid()}, 0)")


@needs_landlock
def test_what_cannot_be_confined_is_not_started(hidden: Path) -> None:
    """Sixteen layers are the most there can be. Here, nothing is confined."""
    command = (sys.executable, "-c", "open('started', 'w')")
    launch = Confinement((hidden,), "Landlock").around(Launch(command, hidden / "own", None), (), ())
    layer = launch.restrict
    assert layer is not None

    def layers() -> None:
        for _ in range(17):
            layer()

    with pytest.raises(DeploymentFailure, match="cannot be kept from the local Azure's files"):
        asyncio.run(printed(replace(launch, restrict=layers), hidden.parent / "log"))
    assert not (hidden / "own" / "started").exists()
    assert (hidden / "key").read_text() == "secret"


@pytest.fixture
def without_means(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with no Landlock and no sandbox."""
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    means.cache_clear()
    yield
    means.cache_clear()


@pytest.mark.usefixtures("without_means")
def test_without_means_a_launch_stays_as_it_is_and_whoever_starts_it_is_told(hidden: Path) -> None:
    launch = Launch(("python",), hidden, None)
    assert Confinement((hidden,), means()).around(launch, (), ()) == launch
    assert "scoring scripts can read the local Azure's keys" in confinement.warning()


def test_the_profile_for_macos_ends_with_what_is_allowed_of_the_hidden(hidden: Path) -> None:
    kept, own, readable = (hidden / "kept",), (hidden / "own",), (hidden / "bundle",)
    text = profile(Rules((hidden, Path('/a "b" \\c')), kept, own, readable)).splitlines()
    assert text[:3] == ["(version 1)", "(allow default)", "(deny file-write*)"]
    denied = f'(deny file-read-data file-write* (subpath "{hidden}") (subpath "/a \\"b\\" \\\\c"))'
    assert text[-4:] == [
        f'(deny file-write* (subpath "{hidden}/kept"))',
        denied,
        f'(allow file-read* file-write* (subpath "{hidden}/own"))',
        f'(allow file-read* (subpath "{hidden}/bundle"))',
    ]
    assert profile(Rules((hidden,), (), (), ()))[-1] == ")", "no rule without a place"
