"""How the journeys get their Azure: a local one started for them, a subscription, or one handed over."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.local import local_azure
from azml.toolchain.pulumi import find_or_install
from tests.fixtures.clones import make
from tests.journeys.azure import LOCAL, Azure

HANDED_OVER = "AZML_JOURNEYS"
"""The variable by which `python -m tests.journeys` tells its tests which Azure to run on."""


def handed_over() -> Azure | None:
    """The Azure that the command has started these tests on; None when nobody did."""
    answer = os.environ.get(HANDED_OVER)
    return Azure(**json.loads(answer)) if answer else None


def as_variable(azure: Azure) -> dict[str, str]:
    """The environment variable that hands `azure` over."""
    return {HANDED_OVER: json.dumps(asdict(azure))}


@contextmanager
def on_this_machine(folder: Path) -> Iterator[Azure]:
    """A local Azure of the journeys' own, with its state in `folder`."""
    clone = make(folder / "clone")
    try:
        started = clone.run("emulator", "start")
        assert started.returncode == 0, started.stderr
        found = local_azure.required(Clone(clone.root)).environment()
        variables = {**clone.environment, **found, **_tools()}
        azure = Azure(
            found["ARM_SUBSCRIPTION_ID"],
            "westeurope",
            **_names(),
            clone=str(clone.root),
            stack=LOCAL,
            variables=variables,
        )
        _initialise(azure)
        # This process speaks to it too, and has to know its authority.
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REQUESTS_CA_BUNDLE", found["REQUESTS_CA_BUNDLE"])
            yield azure
    finally:
        clone.run("emulator", "stop")


def in_subscription(folder: Path, subscription: str, location: str) -> Azure:
    """A subscription, reached with the credentials of this shell; the stack's state is in `folder`."""
    clone = make(folder / "clone")
    state = folder / "state"
    state.mkdir()
    kept = {key: value for key, value in os.environ.items() if key.startswith(("ARM_", "AZURE_"))}
    variables = {
        **clone.environment,
        **kept,
        **_tools(),
        "ARM_SUBSCRIPTION_ID": subscription,
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(24),
    }
    azure = Azure(
        subscription, location, **_names(), clone=str(clone.root), stack="verify", variables=variables
    )
    _initialise(azure)
    return azure


def _names() -> dict[str, str]:
    """Names nobody else has: storage accounts and endpoints are unique in a region or in all of Azure."""
    mark = secrets.token_hex(4)
    return {"group": f"rg-azml-verify-{mark}", "workspace": f"mlw-{mark}", "endpoint": f"azml-{mark}"}


def _tools() -> dict[str, str]:
    pulumi = find_or_install(print)
    return {
        "AZML_PULUMI": str(pulumi),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": os.pathsep.join([str(pulumi.parent), os.environ.get("PATH", os.defpath)]),
    }


def _initialise(azure: Azure) -> None:
    azure.configure(deployments={}, traffic={})
    made = azure.pulumi("stack", "select", "--create", azure.stack)
    assert made.code == 0, made.text
