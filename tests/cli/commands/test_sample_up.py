"""The sample's whole life, by the commands a new user runs."""

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.fixtures.clones import TestClone


def test_up_shows_predictions_the_split_and_where_things_are(first_up: str) -> None:
    assert re.search(r"blue +90 %  \[[01](, [01])*\]", first_up)
    assert re.search(r"green +10 %  \[[01](, [01])*\]", first_up)
    split = re.search(r"200 requests through the split .*: blue (\d+), green (\d+)", first_up)
    assert split is not None
    blue, green = int(split[1]), int(split[2])
    assert blue + green == 200
    assert 150 < blue < 199
    assert re.search(r"https://127\.0\.0\.1:\d+/westeurope/diabetes/score", first_up)
    assert ".azml/logs/emulator.log" in first_up
    assert "Outputs:" not in first_up
    assert "Resources:" not in first_up


def test_a_second_up_changes_nothing_and_says_so(sample: TestClone, first_up: str) -> None:
    done = sample.run("up")
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stderr
    assert "200 requests through the split" in done.stdout


def test_the_curl_line_works_as_pasted_and_no_key_is_on_the_screen(sample: TestClone, first_up: str) -> None:
    (line,) = re.findall(r"^ *(curl --cacert .*)$", first_up, re.MULTILINE)
    done = sample.shell(line)
    assert done.returncode == 0, done.stderr
    assert all(answer in (0, 1) for answer in json.loads(done.stdout))
    header = sample.run("keys", "header", "diabetes").stdout
    key = header.strip().removeprefix("Authorization: Bearer ")
    assert len(key) > 20
    assert key not in first_up


def test_status_for_a_machine(sample: TestClone, first_up: str) -> None:
    (endpoint,) = json.loads(sample.run("status", "--json").stdout)
    assert endpoint["name"] == "diabetes"
    assert endpoint["workspace"] == "mlw-azml-local"
    assert endpoint["resource_group"] == "rg-azml-local"
    assert endpoint["subscription_id"] == "00000000-0000-0000-0000-000000000001"
    assert endpoint["scoring_uri"].endswith("/westeurope/diabetes/score")
    assert endpoint["traffic"] == {"blue": 90, "green": 10}
    assert [one["name"] for one in endpoint["deployments"]] == ["blue", "green"]
    assert {one["provisioning_state"] for one in endpoint["deployments"]} == {"Succeeded"}


def test_status_for_a_person(sample: TestClone, first_up: str) -> None:
    text = sample.run("status").stdout
    assert re.search(r"blue +Succeeded +90 % .* 1 +Standard_D4as_v4", text)
    assert "\x1b" not in text


def test_invoke_of_each_deployment(sample: TestClone, first_up: str) -> None:
    request = "scoring/diabetes/requests/sample.json"
    for slot in ("blue", "green"):
        done = sample.run("invoke", "diabetes", "-d", slot, "-f", request)
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)) == 4


def test_invoke_of_what_is_not_there_names_the_likely_one(sample: TestClone, first_up: str) -> None:
    request = "scoring/diabetes/requests/sample.json"
    done = sample.run("invoke", "diabetes", "-d", "gren", "-f", request)
    assert (done.returncode, done.stdout) == (3, "")
    assert "did you mean 'green'?" in done.stderr


def test_what_a_model_refuses_is_told_in_its_words(sample: TestClone, first_up: str) -> None:
    (sample.root / "bad.json").write_text('{"x": 1}')
    done = sample.run("invoke", "diabetes", "-d", "green", "-f", "bad.json")
    assert done.returncode == 1
    assert "the request must be" in done.stderr
    assert "Traceback" not in done.stderr


def test_logs_of_a_deployment(sample: TestClone, first_up: str) -> None:
    done = sample.run("logs", "diabetes", "green", "-n", "20")
    assert done.returncode == 0, done.stderr
    assert 0 < len(done.stdout.splitlines()) <= 20


USERS_OWN = """
. "$OWN/bin/activate"
before=$(command -v python):$VIRTUAL_ENV
eval "$(.venv/bin/azml emulator env)"
test "$(command -v python):$VIRTUAL_ENV" = "$before" || exit 90
cd local
"""


@pytest.fixture(scope="module")
def users_shell(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TestClone, str], str]:
    """Runs lines in `local/`, in a shell with an environment of the user's active, without our packages."""
    folder = tmp_path_factory.mktemp("user")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "own")], check=True)

    def run(clone: TestClone, lines: str) -> str:
        done = clone.shell(f"OWN={folder}/own{USERS_OWN}{lines}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_plain_pulumi_works_after_the_line_of_env_in_a_shell_with_its_own_python(
    sample: TestClone, first_up: str, users_shell: Callable[[TestClone, str], str]
) -> None:
    users_shell(sample, "pulumi preview --expect-no-changes --non-interactive")


def test_an_import_ends_well_with_what_was_imported(
    sample: TestClone, first_up: str, users_shell: Callable[[TestClone, str], str]
) -> None:
    identity = "/subscriptions/$ARM_SUBSCRIPTION_ID/resourceGroups/rg-azml-local"
    given = users_shell(
        sample,
        "pulumi stack init second --no-select --non-interactive && "
        f"pulumi import azure-native:resources:ResourceGroup group {identity} "
        "--stack second --yes --skip-preview --non-interactive; code=$?; "
        "pulumi stack rm second --force --yes --non-interactive; exit $code",
    )
    assert '# resource group "azure-native:resources:ResourceGroup" {' in given
    assert '#     resourceGroupName = "rg-azml-local"' in given


def test_env_lines_are_shell_and_quoted(sample: TestClone, first_up: str) -> None:
    lines = sample.run("emulator", "env").stdout.splitlines()
    assert all(re.match(r"(export \w+=|unset )", line) for line in lines)
    assert any(line.startswith("export ARM_CLOUD_METADATA_URL='https://") for line in lines)
    assert not [line for line in lines if ".venv/bin" in line or "VIRTUAL_ENV" in line]


def test_env_for_an_editor_says_the_same(sample: TestClone, first_up: str) -> None:
    printed = dict(
        line.split("=", 1) for line in sample.run("emulator", "env", "--dotenv").stdout.splitlines()
    )
    exported = [line for line in sample.run("emulator", "env").stdout.splitlines() if "PATH=" not in line]
    pairs = dict(
        line.removeprefix("export ").split("=", 1) for line in exported if line.startswith("export ")
    )
    assert {**printed, **pairs} == printed
    assert {name for name in printed if name not in pairs} >= {"PULUMI_BACKEND_URL", "PULUMI_STACK"}
    assert printed["PULUMI_BACKEND_URL"] == ""
