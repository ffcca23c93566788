"""Where the programs of a shell that points at the local Azure can go: anywhere but real Azure."""

import os
import subprocess

import pytest

from azml.cli.local.proxy_variables import OURS, PROXIES, forget
from tests.fixtures.clones import ROOT
from tests.sdk.conftest import Shell

OWN = "http://proxy.example.org:3128"


def test_real_azure_is_refused_by_name_and_package_indexes_are_not(shell: Shell) -> None:
    """A program that forgot where it is: the refusal reaches it in words."""
    said = shell.program("forgetful.py")
    assert "management.azure.com is real Azure, and this shell is pointed at the local one" in said["azure"]
    assert "is real Azure" not in said["elsewhere"]


def test_a_proxy_of_the_users_stays(shell: Shell) -> None:
    done = shell.opened("echo $HTTPS_PROXY", HTTPS_PROXY=OWN)
    assert done.stdout.strip() == OWN
    assert "calls to real Azure are not blocked" in done.stderr


def test_a_second_env_in_one_shell_changes_nothing(shell: Shell) -> None:
    done = shell.run('first=$HTTPS_PROXY; eval "$(azml emulator env)"; echo $first $HTTPS_PROXY')
    first, second = done.stdout.split()
    assert first == second
    assert first.startswith("http://azml:")
    assert "your own" not in done.stderr


def test_our_own_commands_do_not_go_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing could be fetched to start a local Azure that is stopped."""
    for name in (*PROXIES, OURS):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    forget()
    assert [name for name in (*PROXIES, OURS) if name in os.environ] == []
    monkeypatch.setenv("HTTPS_PROXY", OWN)
    monkeypatch.setenv(OURS, "http://127.0.0.1:1")
    forget()
    assert os.environ["HTTPS_PROXY"] == OWN


@pytest.mark.process
def test_the_installation_does_not_go_through_it() -> None:
    text = (ROOT / "scripts" / "install").read_text()
    head, _, _ = text.partition("stop() {")
    probe = head.replace('cd "$(dirname "$0")/.."', "") + 'echo "${HTTPS_PROXY-gone}"'
    for given, left in (("http://127.0.0.1:1", "gone"), (OWN, OWN)):
        environment = {"AZML_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": given}
        done = subprocess.run(["/bin/sh", "-c", probe], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == left
