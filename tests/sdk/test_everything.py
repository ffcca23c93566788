"""Everything azure-ai-ml can ask of online endpoints, by a program that knows nothing of the local Azure."""

import json
from typing import Any

import pytest

from tests.sdk.conftest import Seen, Shell


def answer(text: str) -> Any:
    """A prediction; `asked` is the request's text as the script got it."""
    document = json.loads(text)
    return {**document, "asked": json.loads(document["asked"])}


def test_every_credential_opens_the_workspace(seen: Seen) -> None:
    assert seen["sign_in"] == {
        "by_file": "westeurope",
        "by_name": "mlw-azml-local",
        "environment": True,
        "beside": True,
    }


def test_nothing_leaves_the_machine(seen: Seen, shell: Shell) -> None:
    hosts = shell.hosts("everything")
    assert len(hosts) > 50
    assert {host for host in hosts if not host.startswith(("127.", "localhost"))} == set()


def test_the_watch_would_have_seen_a_call_outside(shell: Shell) -> None:
    line = "env -u HTTPS_PROXY -u https_proxy python -c 'import urllib.request as u; u.urlopen(\"https://example.com\")'"
    done = shell.run(line, **shell.watch("outside"))
    assert done.returncode != 0
    assert "example.com is not this machine" in done.stderr
    assert shell.hosts("outside")[-1] == "example.com"


def test_models_are_numbered_found_fetched_and_archived(seen: Seen) -> None:
    models = seen["assets"]
    assert models["models"] == ["7", "2", "8"]
    assert models["latest"] == "8", "the one made last"
    assert models["listed"] == ["2", "7", "8"]
    assert models["kept"] == ["2", "7"]
    assert models["fetched"] == ["light"]
    assert models["missing"] == 404
    assert "light" in models["containers"]


def test_a_registered_version_keeps_its_files(seen: Seen) -> None:
    assert "Asset paths cannot be updated." in seen["assets"]["other files"]


def test_an_environment_that_differs_becomes_the_next_version(seen: Seen) -> None:
    assets = seen["assets"]
    assert [assets["environment"], assets["other"]] == ["1", "2"]
    assert assets["conda"] == "python=3.11"
    assert "server" in assets["environments"]


def test_endpoints_come_from_python_and_from_files_and_change(seen: Seen) -> None:
    endpoints = seen["endpoints"]
    assert endpoints["made"] == ["Succeeded", "key", "westeurope", "westeurope/plain/score", {}]
    assert endpoints["from yaml"] == [
        "An endpoint that a file describes",
        "aml_token",
        {"made": "by hand"},
    ]
    assert endpoints["changed"] == ["first", {"a": "2"}]
    assert endpoints["listed"] == ["from-yaml", "plain", "signed"]
    assert endpoints["identity"]
    assert endpoints["another mode"] == [400, "InvalidAuthMode"]


def test_keys_turn_and_tokens_end(seen: Seen) -> None:
    assert seen["endpoints"]["rotated"] == [True, True]
    assert seen["endpoints"]["token"] == [True, True]


def test_deployments_come_from_local_and_registered_parts(seen: Seen) -> None:
    deployments = seen["deployments"]
    assert deployments["made"] == ["Succeeded", "Succeeded"]
    assert deployments["from yaml"] == "Succeeded"
    assert deployments["green"] == [
        ["light", "versions", "2"],
        ["server", "versions", "2"],
        4000,
        "green",
        "Standard_D4as_v4",
    ]
    assert deployments["listed"] == ["blue", "green"]


def test_a_deployment_grows_in_place(seen: Seen) -> None:
    count, tags, model = seen["deployments"]["grown"]
    assert (count, tags) == (2, {"owner": "us"})
    assert model[0] == "models" and model[2:] == ["versions", "1"]


def test_shares_move_and_what_cannot_be_is_refused(seen: Seen) -> None:
    deployments = seen["deployments"]
    assert deployments["split"] == {"blue": 90, "green": 10}
    assert deployments["mirrored"] == [{"blue": 100}, {"green": 10}]
    assert [deployments["unknown"], deployments["sum"]] == [400, 400]


@pytest.mark.parametrize(
    ("endpoint", "model", "who"),
    [("plain", "light", "blue"), ("from-yaml", "heavy", "yaml"), ("signed", "light", "yaml")],
    ids=["key", "aml_token", "aad_token"],
)
def test_each_way_of_authentication_opens_its_endpoint(
    seen: Seen, endpoint: str, model: str, who: str
) -> None:
    reply = answer(seen["deployments"]["invoked"][endpoint])
    assert reply == {"model": model, "who": who, "asked": {"data": [1, 2]}}


def test_a_named_deployment_answers(seen: Seen) -> None:
    reply = [answer(text) for text in seen["deployments"]["by name"]]
    assert [(one["who"], one["model"]) for one in reply] == [("green", "heavy"), ("blue", "light")]


def test_the_scoring_address_answers_anyone_with_a_key(seen: Seen) -> None:
    deployments = seen["deployments"]
    assert deployments["plain request"] == [200, "blue"]
    assert deployments["stranger"] == 401
    assert deployments["openapi"] == [200, "2.0"]


def test_both_containers_have_a_log(seen: Seen) -> None:
    deployments = seen["deployments"]
    assert "weights: light" in deployments["server log"]
    assert "POST /score 200" in deployments["named server log"]
    assert deployments["short log"] == 2
    assert "environment" in deployments["storage log"]
    assert "POST /score" not in deployments["storage log"]


def test_a_live_deployment_stays_and_an_endpoint_takes_all_along(seen: Seen) -> None:
    deployments = seen["deployments"]
    assert deployments["live"] == [409, "DeploymentHasTraffic"]
    assert deployments["left"] == []
    assert deployments["gone"] == 404


def test_each_setting_of_a_managed_file_arrives(seen: Seen) -> None:
    files = seen["files"]
    assert files["endpoint"] == [
        "All that a file can say of a managed endpoint",
        {"team": "red"},
        "kept",
        "disabled",
        "user_assigned",
        [["reader", True, True]],
    ]
    assert files["deployment"] == [
        "All that a file can say of a managed deployment",
        {"stage": "test"},
        "kept",
        ["weights", "versions", "3"],
        ["scoring", "versions", "1.10"],
        2,
        True,
        "disabled",
        "default",
    ]
    assert files["request settings"] == [8000, 3]
    assert files["probes"] == [[12, 11, 4, 1, 21], [5, 9, 3, 1, 7]]
    assert files["collected"] == "true"
    assert files["too slow"] == 400
    assert answer(files["managed answer"])["model"] == "seven"


def test_a_folder_that_is_model_and_code_at_once_serves(seen: Seen) -> None:
    reply = answer(seen["files"]["dot answer"])
    assert (reply["who"], reply["model"]) == ("dot", "here")


def test_each_setting_of_a_kubernetes_file_arrives(seen: Seen) -> None:
    files = seen["files"]
    assert files["kubernetes"] == ["0.1", "1Gi", "defaultinstancetype", 300_000, [1, 3, 10, 70]]
    assert answer(files["kubernetes answer"])["who"] == "cluster file"


def test_a_kubernetes_endpoint_is_served_by_this_machine(seen: Seen) -> None:
    cluster = seen["kubernetes"]
    assert cluster["attached"] == "Succeeded"
    assert cluster["endpoint"] == ["KubernetesOnlineEndpoint", "cluster"]
    assert cluster["deployment"] == ["KubernetesOnlineDeployment", "Succeeded", "0.1", 70]
    assert answer(cluster["answer"])["who"] == "cluster"
    assert "cluster is simulated by this machine: instances are local processes" in cluster["storage log"]
    assert cluster["mirrored"] == 400
    assert "asks for 1 GPU" in cluster["gpu"]
    assert cluster["no cluster"] == [400, "InvalidComputeType"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("container", "cannot have both condaFile and inferenceConfig"),
        ("triton", "NVIDIA's Triton server"),
        ("gpu", "Standard_NC6s_v3 has a GPU"),
        ("registry", "is in a registry"),
    ],
)
def test_what_cannot_run_here_is_refused_before_it_starts(seen: Seen, what: str, said: str) -> None:
    status, message = seen["refusals"][what]
    assert status == 400
    assert said in message
    assert seen["refusals"]["left"] == []
