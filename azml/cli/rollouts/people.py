"""Who asks, and who carries a rollout out: names for the journal."""

import getpass
import os
import secrets
import socket

ACTORS = ("GITHUB_ACTOR", "BUILD_REQUESTEDFOR", "GITLAB_USER_LOGIN")
"""Where pipelines name the person whose change they run (GitHub Actions, Azure Pipelines, GitLab)."""


def asker() -> str:
    """The person this command runs for."""
    named = next((os.environ[name] for name in ACTORS if os.environ.get(name)), "")
    return named or f"{_user()}@{socket.gethostname()}"


def holder() -> str:
    """A name that no other process takes, of whoever has the lease."""
    return f"{_user()}@{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())
