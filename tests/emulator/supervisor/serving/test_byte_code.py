"""Which of the modules that a scoring process says it has imported are compiled: none that it can write."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from azml.emulator.scoring import compile_listed
from azml.emulator.scoring.compile_listed import accepted, compile_all
from azml.emulator.supervisor.environments.building import Plan
from azml.emulator.supervisor.environments.environments import Environment, Environments
from azml.emulator.supervisor.environments.requirements import Requirements
from azml.emulator.supervisor.serving import byte_code
from azml.emulator.supervisor.serving.confinement import Confinement


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An environment with a module, and beside it a script's folder with another."""
    for name in ("environment", "script"):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "lib" / "module.py").write_text(f"name = {name!r}")
    return tmp_path / "environment"


def test_nothing_but_what_is_really_in_the_environment_is_accepted(shared: Path) -> None:
    """Neither by its name alone, nor by its target alone, nor through the folder above."""
    module, script = shared / "lib" / "module.py", shared.parent / "script"
    (shared / "out").symlink_to(script)
    (script / "in").symlink_to(shared / "lib")
    (shared / "in").symlink_to(shared / "lib")
    hostile = (
        script / "lib" / "module.py",
        shared / "out" / "lib" / "module.py",
        script / "in" / "module.py",
        f"{shared}/../script/lib/module.py",
        f"{shared}/lib/../lib/module.py",
        f"{shared}x/module.py",
        f"/{module}",
        f"{module}\0.py",
        f"{module}c",
        "lib/module.py",
        "",
        ".py",
        shared,
    )
    inside = [str(module), str(shared / "in" / "module.py")]
    assert list(accepted([*map(str, hostile), *inside, *inside], [str(shared)])) == inside


def test_files_are_counted(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_listed, "MOST_FILES", 2)
    names = [str(shared / f"{name}.py") for name in "abc"]
    assert list(accepted(["/etc/x.py", *names], [str(shared)])) == names[:2]


def test_what_is_no_module_of_a_usual_size_is_left_out(
    shared: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The others are compiled all the same, and what has not changed is not compiled again."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "compiled"))
    monkeypatch.setattr(compile_listed, "MOST_BYTES", 100)
    texts = {"wrong.py": "1 +", "null.py": "\0", "large.py": "#" * 101, "right.py": "1"}
    for name, text in texts.items():
        (shared / name).write_text(text)
    os.mkfifo(shared / "pipe.py")
    (shared / "folder.py").mkdir()
    paths = [str(shared / name) for name in ("gone.py", "pipe.py", "folder.py", *texts)]
    compile_all(paths)
    (compiled,) = (tmp_path / "compiled").rglob("*.pyc")
    assert str(compiled) == cache_from_source(paths[-1])
    first = compiled.stat().st_ino
    compile_all(paths)
    assert compiled.stat().st_ino == first
    (shared / "right.py").write_text("12")
    compile_all(paths)
    assert compiled.stat().st_ino != first


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.symlink_to(path.with_name("secret")),
        os.mkfifo,
        Path.mkdir,
        lambda _: None,
    ],
)
def test_a_list_is_a_file_of_the_script_s_own(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "secret").write_text("key")
    make(tmp_path / "imported")
    assert byte_code._read(tmp_path / "imported") == []


def test_a_list_is_read_up_to_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imported").write_bytes(b"/a.py\n/\xff.py\n/long.py")
    monkeypatch.setattr(byte_code, "_LONGEST_LIST", 12)
    assert byte_code._read(tmp_path / "imported") == ["/a.py", "/\N{REPLACEMENT CHARACTER}.py"]


async def test_a_warm_start_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it lists its script, and what cannot be compiled."""
    asked = []

    async def compile_all(self: byte_code.ByteCode) -> None:
        asked.append(sorted(self._listed.popitem()[1]))

    monkeypatch.setattr(byte_code.ByteCode, "_compile", compile_all)
    compiling = byte_code.ByteCode(Environments(tmp_path), Confinement((), "nothing"))
    environment = Environment(tmp_path, Plan("name", Requirements(())))
    for listed in ("/own/score.py\n/a.py", "/own/score.py", "/own/score.py\n/a.py"):
        (tmp_path / "imported").write_text(listed)
        compiling.learn(environment, tmp_path / "imported", Path("/own"))
        await compiling.compiled()
    assert asked == [["/a.py"]]


@pytest.mark.process
def test_the_compiler_runs_no_module_and_takes_python_s_own_too(shared: Path, tmp_path: Path) -> None:
    (shared / "lib" / "module.py").write_text("raise SystemExit(1)")
    (shared / "lib" / "py_compile.py").write_text("raise SystemExit(1)")
    listed = [str(shared / "lib" / "module.py"), os.path.join(os.path.dirname(os.__file__), "this.py")]  # noqa: PTH118, PTH120
    command = [sys.executable, "-I", "-S", "-X", f"pycache_prefix={tmp_path / 'compiled'}"]
    subprocess.run(
        [*command, compile_listed.__file__, str(shared)],
        input="\n".join(listed).encode(),
        check=True,
        cwd=shared / "lib",
    )
    compiled = {path.name.partition(".")[0] for path in (tmp_path / "compiled").rglob("*.pyc")}
    assert compiled >= {"module", "this"}, "beside what it imports itself"
