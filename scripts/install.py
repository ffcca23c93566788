"""Installs exactly what the lock files name into .venv, and does nothing if that is already so.

Standard library only: it runs before anything is installed, under any Python the project supports.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
#: Written last, so an incomplete environment does not have it.
STAMP = VENV / "installed-from"
LOCKS = ("requirements-uv.txt", "requirements.txt")

#: uv reads none of pip's settings. (What pip calls it, what uv calls it.)
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
#: uv's separator between the items of a list, where it is not a space.
BETWEEN = {"find-links": ","}
#: Older names that uv still reads: if one is set, the user has configured uv already.
UV_SYNONYMS = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
#: Of the 260 packages of azure-native's SDK, those the program declares resources of.
AZURE_NATIVE = (
    "applicationinsights",
    "authorization",
    "containerregistry",
    "keyvault",
    "machinelearningservices",
    "managedidentity",
    "monitor",
    "network",
    "operationalinsights",
    "privatedns",
    "resources",
    "storage",
)
#: Of the other packages, what nobody imports: clients for asyncio, API versions that are not compared with,
#: mypy's source (it runs its machine code), tests of packages. It is a fifth of all there is to compile.
UNUSED = "|".join(
    (
        r"azure/.*/aio/",
        r"azure/mgmt/\w+/v(?!2020_02_02|2022_04_01|2023_06_01|2024_11_30)\d",
        r"mypyc?/",
        r"(setuptools|pkg_resources)/",
        r"\w+/(.*/)?tests?/",
    )
)


class Stop(Exception):
    """The environment cannot be created; the message is for the user."""


def main() -> None:
    """Bring .venv up to date, one process at a time."""
    with (ROOT / LOCKS[0]).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint()
        if STAMP.exists() and STAMP.read_text() == wanted and usable():
            return
        make_environment()
        STAMP.unlink(missing_ok=True)
        install_uv()
        install_requirements()
        compile_modules()
        STAMP.write_text(wanted)


def fingerprint() -> str:
    """Changes with the locks, with what the project asks of an environment, and with where the clone lies."""
    digest = hashlib.sha256(f"{ROOT}\n{sys.version_info[:2]}\n".encode())
    for name in (*LOCKS, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest() + "\n"


def runs(*arguments: str) -> bool:
    """Whether the environment's Python starts, is new enough, and runs `arguments`."""
    program = arguments or ("-c", "import sys; sys.exit(sys.version_info < (3, 11))")
    try:
        return subprocess.run([PYTHON, *program], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def usable() -> bool:
    """Whether the environment's Python runs, and is the one that AZML_PYTHON names where it names one."""
    asked_for = not os.environ.get("AZML_PYTHON") or PYTHON.resolve() == Path(sys.executable).resolve()
    return asked_for and runs()


def make_environment() -> None:
    """A .venv with a working pip that belongs to this folder; one that is broken, moved or of another Python
    than was asked for is recreated."""
    scripts = VENV / "bin" / "pip"
    at_home = scripts.exists() and str(VENV) in scripts.read_text(errors="replace").split("\n", 1)[0]
    if at_home and usable() and runs("-m", "pip", "--version"):
        return
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        version = sysconfig.get_python_version()
        raise Stop(f"this Python has no venv module: install the package python{version}-venv")
    with step("making .venv"):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], os.environ)


def install_uv() -> None:
    """The uv the lock names, by its hashes."""
    with step("installing uv"):
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", LOCKS[0]], os.environ)


def install_requirements() -> None:
    """Everything the lock names, by its hashes, and the project itself, editable."""
    environment = uv_environment()
    with step("installing the locked requirements"):
        uv = [str(UV), "--quiet", "pip"]
        python = ["--python", str(PYTHON)]
        run([*uv, "sync", *python, "--require-hashes", LOCKS[1]], environment)
        run([*uv, "install", *python, "--no-deps", "--no-build-isolation", "-e", "."], environment)


def compile_modules() -> None:
    """Byte code for what the commands import, even where Python may not write any itself.

    Each command starts several short processes, and compiling takes them a good part of their time. A module
    that cannot be compiled, or a file that cannot be written, is not an error.
    """
    with step("compiling"):
        others = rf"/site-packages/(pulumi_azure_native/(?!({'|'.join(AZURE_NATIVE)})/)\w+/|{UNUSED})"
        places = [VENV / "lib", ROOT / "azml", ROOT / "components"]
        runs("-m", "compileall", "-q", "-j", "0", "-x", others, *map(str, places))


def uv_environment() -> dict[str, str]:
    """The environment for uv: ours, and pip's index, certificates and the like where uv has none."""
    environment = dict(os.environ)
    for setting, value in pip_settings().items():
        name = PIP_TO_UV.get(setting)
        if name and not any(environment.get(each) for each in (name, UV_SYNONYMS.get(name, name))):
            environment[name] = value
    return environment


def pip_settings() -> dict[str, str]:
    """pip's settings, from its files and variables; a later source wins, as in pip."""
    answer = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings = {}
    for line in sorted(answer.stdout.splitlines(), key=_precedence):
        key, _, value = line.partition("=")
        # Values are shown as Python strings; a list in a file has line breaks.
        setting = key.rpartition(".")[2]
        between = BETWEEN.get(setting, " ")
        settings[setting] = between.join(value.strip("'\"").replace("\\n", " ").split())
    return settings


def _precedence(line: str) -> int:
    return ("global.", "install.", ":env:.").index(prefix) if (prefix := _prefix(line)) else 0


def _prefix(line: str) -> str:
    return next((each for each in ("global.", "install.", ":env:.") if line.startswith(each)), "")


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run `command` in the clone; what it prints is shown. Raises Stop when it fails."""
    if subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Stop(f"this failed: {' '.join(command)}")


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print the title, the elapsed time every few seconds, and how long it took."""
    started = time.monotonic()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(5):
            print(f"{title} ... {time.monotonic() - started:.0f} s", flush=True)

    print(f"{title} ...", flush=True)
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
    print(f"{title}: done in {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Stop as stop:
        sys.exit(str(stop))
    except OSError as error:
        sys.exit(f"{VENV} cannot be made: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
