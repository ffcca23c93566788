"""Real conda environments: solved and installed of a channel that lies in a folder of this test's."""

import asyncio
import json
import platform
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
import rattler
from rattler.index import index_fs

from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.supervisor.environments import channels
from azml.emulator.supervisor.environments.conda import CondaFile
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.environments.requirements import SERVER, of_conda

pytestmark = pytest.mark.process

VERSION = platform.python_version()
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


def package(
    channel: Path, subdir: str, name: str, version: str, files: Mapping[str, str | Path], **given: object
) -> None:
    """Write a conda package: the files by their place, each a text or the target of a symbolic link."""
    folder = channel / subdir
    folder.mkdir(parents=True, exist_ok=True)
    own = channel.parent / f"{name}-{version}"
    paths = []
    for place, content in files.items():
        target = own / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            target.symlink_to(content)
        else:
            target.write_text(content)
        kind = "softlink" if isinstance(content, Path) else "hardlink"
        data = target.read_bytes()
        paths.append(
            {
                "_path": place,
                "path_type": kind,
                "sha256": sha256(data).hexdigest(),
                "size_in_bytes": len(data),
            }
        )
    index = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": [], **given}
    (own / "info").mkdir()
    (own / "info" / "index.json").write_text(json.dumps({**index, "subdir": subdir}))
    (own / "info" / "paths.json").write_text(json.dumps({"paths_version": 1, "paths": paths}))
    (own / "info" / "files").write_text("\n".join(files))
    if given.get("noarch"):
        (own / "info" / "link.json").write_text(
            json.dumps({"package_metadata_version": 1, "noarch": {"type": "python"}})
        )
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for part in sorted(own.iterdir()):
            archive.add(part, arcname=part.name)


def module(name: str, version: str) -> dict[str, str]:
    """A Python package's files, as a build for every platform has them."""
    info = f"site-packages/{name}-{version}.dist-info"
    own = [
        f"{name}.py",
        *(f"{name}-{version}.dist-info/{file}" for file in ("METADATA", "INSTALLER", "RECORD")),
    ]
    return {
        f"site-packages/{name}.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/INSTALLER": "conda\n",
        f"{info}/RECORD": "".join(f"{path},,\n" for path in own),
    }


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """This machine's Python as a conda package, and small packages of it."""
    folder = tmp_path_factory.mktemp("conda") / "channel"
    own = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    python: dict[str, str | Path] = {
        "pyvenv.cfg": f"home = {own.parent}\nversion = {VERSION}\n",
        "bin/python": own,
        f"bin/python{MINOR}": own,
        f"lib/python{MINOR}/site-packages/README.txt": "packages come here\n",
    }
    package(folder, str(rattler.Subdir.current()), "python", VERSION, python)
    needs: dict[str, object] = {"noarch": "python", "depends": ["python"]}
    package(folder, "noarch", "pip", "25.0", {"site-packages/pip_stand_in.py": ""}, **needs)
    for version in ("1.0", "2.0"):
        package(folder, "noarch", "iniconfig", version, module("iniconfig", version), **needs)
    package(folder, "noarch", "conda-only", "3.1", module("conda_only", "3.1"), **needs)
    asyncio.run(index_fs(folder))
    return f"file://{folder}"


async def test_an_environment_is_conda_s_where_its_channels_answer(channel: str, tmp_path: Path) -> None:
    """Python and the packages that conda alone has; pip's part on top, whose version wins."""
    said: list[str] = []
    file = CondaFile(
        (channel,),
        (f"python={MINOR}", "pip", "iniconfig=1.0=0", "conda-only"),
        (f"{SERVER}>=1.5.1", "iniconfig==2.3.0"),
    )
    environments = Environments(tmp_path / "environments")
    environment = await environments.prepare(of_conda(file), said.append)
    text = "import conda_only, iniconfig, sys; from importlib.metadata import version; " + (
        f"print(conda_only.VERSION, version('iniconfig'), version('{SERVER}'), sys.prefix)"
    )
    done = subprocess.run([environment.python, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    conda_only, iniconfig, server, prefix = done.stdout.split()
    assert (conda_only, iniconfig, prefix) == ("3.1", "2.3.0", str(environment.folder))
    assert server >= "1.5.1"
    assert " + conda-only 3.1 0" in said
    assert (environment.folder / "conda-meta").is_dir()
    again = await Environments(tmp_path / "environments").prepare(of_conda(file), said.append)
    assert (again, said[-1]) == (environment, f"environment {environment.folder.name} is in the cache")


async def test_what_the_channels_do_not_have_fails_with_the_solver_s_words(
    channel: str, tmp_path: Path
) -> None:
    """As on Azure; the Python package index is not asked in their place."""
    file = CondaFile((channel,), ("iniconfig=9",), ())
    with pytest.raises(EnvironmentFailure, match=r"(?s)conda cannot create the environment.*iniconfig"):
        await Environments(tmp_path / "environments").prepare(of_conda(file), lambda _: None)
    assert not [path for path in (tmp_path / "environments").iterdir() if path.is_dir()]


def test_channels_by_name_by_address_and_none() -> None:
    assert channels.addresses(("conda-forge", "https://x.org/c/", "nodefaults")) == (
        "https://conda.anaconda.org/conda-forge",
        "https://x.org/c",
    )
    assert channels.addresses(()) == channels.addresses(("defaults",))
    assert all(place.startswith("https://repo.anaconda.com/pkgs/") for place in channels.addresses(()))


async def test_a_channel_that_is_not_there_is_silent(channel: str, tmp_path: Path) -> None:
    gone = f"file://{tmp_path / 'gone'}"
    assert await channels.silent((channel, gone, "https://127.0.0.1:1/c")) == (gone, "https://127.0.0.1:1/c")
