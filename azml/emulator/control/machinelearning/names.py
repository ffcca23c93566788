"""The names that Azure Machine Learning accepts.

Rules of online endpoints: learn.microsoft.com, "Manage and increase quotas and limits", online endpoints.
"""

import re

from azml.emulator.control.arm.errors import bad_request

_ONLINE = re.compile(r"[a-zA-Z](?:-?[a-zA-Z0-9])*")
_ASSET = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
_WORKSPACE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}")


def check_online_name(name: str, what: str) -> None:
    """An endpoint's or deployment's name: 3 to 32 letters, digits and single dashes, a letter first."""
    if not (3 <= len(name) <= 32 and _ONLINE.fullmatch(name)):
        raise bad_request(
            f"The {what} name '{name}' is not valid: 3 to 32 letters, digits and single dashes, "
            "beginning with a letter and ending with a letter or digit.",
            "InvalidName",
        )


def check_kubernetes_names(endpoint: str, deployment: str) -> None:
    """On Kubernetes the two names together have 6 to 62 characters."""
    if not 6 <= len(endpoint) + len(deployment) <= 62:
        message = f"'{endpoint}' and '{deployment}' together must have 6 to 62 characters."
        raise bad_request(message, "InvalidName")


def check_asset_name(name: str, what: str) -> None:
    """A model's, code's or environment's name or version: 1 to 255 letters, digits, `_`, `.` and `-`."""
    if not _ASSET.fullmatch(name):
        raise bad_request(
            f"The {what} '{name}' is not valid: 1 to 255 letters, digits, '_', '.' and '-', beginning with a "
            "letter or digit.",
            "InvalidName",
        )


def check_workspace_name(name: str) -> None:
    """A workspace's name: 3 to 33 letters, digits, `_` and `-`."""
    if not _WORKSPACE.fullmatch(name):
        message = f"The workspace name '{name}' is not valid: 3 to 33 letters, digits, '_' and '-'."
        raise bad_request(message, "InvalidName")
