"""Who asks, and who carries a rollout out: names for the journal."""

import getpass
import os
import secrets
import socket
import uuid

ACTORS = ("GITHUB_ACTOR", "BUILD_REQUESTEDFOR", "GITLAB_USER_LOGIN")
"""Where pipelines name the person whose change they run (GitHub Actions, Azure Pipelines, GitLab)."""


def asker() -> str:
    """The person this command runs for."""
    named = next((os.environ[name] for name in ACTORS if os.environ.get(name)), "")
    return named or f"{_user()}@{socket.gethostname()}"


def holder() -> str:
    """A name that no other process takes, of whoever has the lease: person, machine and process."""
    return f"{_user()}@{_machine()}:{os.getpid()}:{secrets.token_hex(3)}"


def gone(name: str) -> bool:
    """Whether the holder of this name was a process of this machine that has ended."""
    who, _, process = name.partition(":")
    number = process.partition(":")[0]
    if who.rpartition("@")[2] != _machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """The host's name, and its network card: containers and build agents may share the name."""
    return f"{socket.gethostname()}/{uuid.getnode():x}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())
