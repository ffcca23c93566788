"""What we refuse: each with its place and a remedy, all at once."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from azml.findings import Finding, InvalidInput, Place
from azml.specs import load_deployment, load_endpoint
from tests.fixtures.azure_ai_ml import AzureAiMl

DEPLOYMENT = """\
name: blue
endpoint_name: diabetes
instance_type: Standard_DS3_v2
model: azureml:m:1
"""
ENDPOINT = "name: diabetes\n"


def findings(tmp_path: Path, text: str, *, endpoint: bool = False) -> list[Finding]:
    file = tmp_path / "spec.yml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        (load_endpoint if endpoint else load_deployment)(file)
    assert all(finding.file == file for finding in caught.value.findings)
    return list(caught.value.findings)


BEYOND_DEPLOYMENT = [
    ("instance_count: '2'\n", "instance_count", "is text, not a whole number"),
    ("instance_count: 1.5\n", "instance_count", "is a number, not a whole number"),
    ("instance_count: 0\n", "instance_count", "0 is out of range"),
    ("instance_count: 1\ninstance_count: 2\n", "instance_count", "appears twice"),
    ("app_insights_enabled: 'yes'\n", "app_insights_enabled", "is text, not true or false"),
    (
        "request_settings: {request_timeout_ms: 180001}\n",
        "request_settings.request_timeout_ms",
        "180001 is out",
    ),
    ("request_settings: {request_timeout_ms: 0}\n", "request_settings.request_timeout_ms", "0 is out"),
    ("liveness_probe: {period: -1}\n", "liveness_probe.period", "-1 is out of range"),
    ("environment_variables: {A: [1]}\n", "environment_variables.A", "is a list, not text"),
    ("environment_variables: {A: null}\n", "environment_variables.A", "is nothing, not text"),
    ("tags: {1: a}\n", "tags.1", "is not text"),
    ("type: Kubernetes\n", "type", "reads 'Kubernetes' as managed"),
    ("scale_settings: {type: target_utilization}\n", "scale_settings.type", "is for Kubernetes"),
    ("private_network_connection: true\n", "private_network_connection", "is not supported here"),
    ("environment: {image: x, name: e, version: 1.10}\n", "environment.version", "1.10 is read as 1.1"),
    ("environment: {image: x, name: 'a b'}\n", "environment.name", "'a b' is not a name that Azure accepts"),
    ("environment: {image: x, datastore: d}\n", "environment.datastore", "is not supported here"),
    (
        "environment: {image: x, conda_file: {dependencies: [pip]}, inference_config: {"
        "liveness_route: {port: 1, path: /}, readiness_route: {port: 1, path: /}, "
        "scoring_route: {port: 1, path: /}}}\n",
        "environment.conda_file",
        "cannot be combined with inference_config",
    ),
    (
        "code_configuration: {code: https://x/y, scoring_script: s.py}\n",
        "code_configuration.code",
        "is not a path",
    ),
    ("code_configuration: {scoring_script: s.py}\n", "code_configuration.code", "is missing"),
    ("code_configuration: {code: '', scoring_script: s.py}\n", "code_configuration.code", "is empty"),
    (
        "tags: &a {x: '1'}\nproperties: &b {x: '2'}\nenvironment_variables:\n  <<: *a\n  <<: *b\n",
        "environment_variables.<<",
        "the key appears twice",
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("text", "key", "message"), BEYOND_DEPLOYMENT, ids=lambda value: str(value)[:40])
def test_what_the_loader_lets_pass_and_azure_would_not(
    tmp_path: Path, azure_ai_ml: AzureAiMl, text: str, key: str, message: str
) -> None:
    """The short list for deployments; the loader accepts each of them."""
    (found,) = findings(tmp_path, DEPLOYMENT + text)
    assert found.key == key
    assert message in found.message
    assert found.remedy
    azure_ai_ml.load_online_deployment(tmp_path / "spec.yml")


BEYOND_ENDPOINT = [
    ("traffic: {Blue: 100}\n", "traffic.Blue", "'Blue' does not match a deployment"),
    ("traffic: {blue: '90', green: 10}\n", "traffic.blue", "is text, not a whole number"),
    ("traffic: {blue: 50}\n", "traffic", "adds up to 50"),
    ("traffic: {x: 100}\n", "traffic.x", "'x' is not a name that Azure accepts"),
    ("traffic: {blue: 100, blue: 100}\n", "traffic.blue", "appears twice"),
    ("mirror_traffic: {blue: 51}\n", "mirror_traffic.blue", "is 51"),
    ("mirror_traffic: {blue: 10, red: 10}\n", "mirror_traffic", "names 2 deployments"),
    (
        "traffic: {blue: 100}\nmirror_traffic: {blue: 10}\n",
        "mirror_traffic.blue",
        "has 100 % of the live traffic",
    ),
    ("compute: azureml:c\nmirror_traffic: {blue: 10}\n", "mirror_traffic", "is set on a Kubernetes endpoint"),
    ("compute: azureml:c\nauth_mode: aad_token\n", "auth_mode", "do not support aad_token"),
    ("identity: {type: user_assigned}\n", "identity", "does not name a user-assigned identity"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("text", "key", "message"), BEYOND_ENDPOINT, ids=lambda value: str(value)[:40])
def test_what_the_loader_lets_pass_of_endpoints(
    tmp_path: Path, azure_ai_ml: AzureAiMl, text: str, key: str, message: str
) -> None:
    """The short list for endpoints."""
    (found,) = findings(tmp_path, ENDPOINT + text, endpoint=True)
    assert found.key == key
    assert message in found.message
    assert found.remedy
    azure_ai_ml.load_online_endpoint(tmp_path / "spec.yml")


@pytest.mark.parametrize("name", ["ab", "a" * 33, "1abc", "a--b", "abc-", "a_b", "a b", "é23"])
def test_names_azure_would_refuse_are_refused(tmp_path: Path, name: str) -> None:
    (found,) = findings(tmp_path, DEPLOYMENT.replace("blue", f"{name!r}"))
    assert (found.key, found.line) == ("name", 1)
    (found,) = findings(tmp_path, f"name: {name!r}", endpoint=True)
    assert "3 to 32 characters" in found.remedy


def test_kubernetes_allows_five_minutes_and_no_more(tmp_path: Path) -> None:
    text = DEPLOYMENT + "type: kubernetes\nrequest_settings: {request_timeout_ms: %d}\n"
    (tmp_path / "ok.yml").write_text(text % 300_000)
    assert load_deployment(tmp_path / "ok.yml").kind == "kubernetes"
    (found,) = findings(tmp_path, text % 300_001)
    assert found.line == 6


def test_kubernetes_takes_nothing_from_a_registry(tmp_path: Path) -> None:
    text = DEPLOYMENT.replace("azureml:m:1", "azureml://registries/r/models/m/versions/1")
    (found,) = findings(tmp_path, text + "type: kubernetes\n")
    assert found.key == "model"


def test_an_unknown_key_names_the_likely_one(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, DEPLOYMENT + "readyness_probe: {}\n")
    assert found == Finding(
        "is not a known key", "did you mean 'readiness_probe'?", tmp_path / "spec.yml", 5, "readyness_probe"
    )


def test_every_finding_comes_at_once_with_line_and_key(tmp_path: Path) -> None:
    text = "name: x\ninstance_type: 3\ninstance_count: '2'\nliveness_probe:\n  perod: 1\n  timeout: a\n"
    found = [(finding.line, finding.key) for finding in findings(tmp_path, text)]
    assert found == [
        (1, "name"), (1, "endpoint_name"), (2, "instance_type"), (3, "instance_count"),
        (5, "liveness_probe.perod"), (6, "liveness_probe.timeout"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\nb: 2\n", 2, "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "has more than one document: a second begins here"),
        ("", None, "is empty"),
        ("# only a comment\n", None, "is empty"),
        ("- a\n- b\n", 1, "is not a mapping"),
        ("just text", 1, "is not a mapping"),
        (
            "a: !!python/object/apply:os.system ['true']\n",
            1,
            "python/object/apply:os.system is not allowed here",
        ),
        ("a: 1\nb: \x07\n", 2, "is not valid YAML"),
        ("a: !!int abc\n", 1, "is not valid YAML"),
        ("a: &a [*a]\n", 1, "an alias refers to a value that contains it"),
        ("a: *missing\n", 1, "undefined alias"),
        ("? [a]\n: 1\n", 1, "a key is not a plain value"),
        ("<<: 3\n", 1, "only mappings can be merged"),
        ("a: 2024-13-45\n", 1, "is not valid YAML"),
    ],
)
def test_broken_yaml_is_a_finding_with_its_line(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    (found,) = findings(tmp_path, text)
    assert found.line == line
    assert message in found.message


def test_aliases_that_unfold_without_end_are_stopped(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (found,) = findings(tmp_path, "\n".join(lines))
    assert "expands to more values" in found.message
    merges = ["a0: &a0 {k: v}"] + [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40)]
    (found,) = findings(tmp_path, "\n".join(merges))
    assert "expands to more values" in found.message


@pytest.mark.thorough
def test_huge_and_deep_and_binary_files_are_refused(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "a: " + "x" * 2_000_000)
    assert "larger than" in found.message
    (found,) = findings(tmp_path, "a: " + "[" * 100_000)
    assert "nested too deeply" in found.message
    file = tmp_path / "latin.yml"
    file.write_bytes("a: 1\nb: é".encode("latin-1"))
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        load_deployment(file)


def test_a_missing_file_or_a_folder_is_a_finding(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yml", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            load_endpoint(path)


def test_a_missing_conda_file_is_found_where_it_is_named(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, DEPLOYMENT + "environment:\n  image: x\n  conda_file: ./no.yml\n")
    assert (found.line, found.key) == (7, "environment.conda_file")


@pytest.mark.parametrize("path", ["a\0b", "a" * 300, "channels: [x]\ndependencies: [y]\n" * 20, "circle"])
def test_what_can_be_no_path_is_found_where_it_is_written(tmp_path: Path, path: str) -> None:
    """A conda file pasted as text, a link to itself: a finding, as for a file that is not there."""
    (tmp_path / "circle").symlink_to("circle")
    parts = (
        ("model", {"path": path}, "path"),
        ("environment", {"image": "x", "conda_file": path}, "conda_file"),
        ("code_configuration", {"code": path, "scoring_script": "s.py"}, "code"),
    )
    for part, value, key in parts:
        text = DEPLOYMENT.replace("model: azureml:m:1\n", "") + yaml.safe_dump({part: value})
        (found,) = findings(tmp_path, text)
        assert (found.key, found.line is not None) == (f"{part}.{key}", True)
        assert "cannot be used as a path" in found.message


@pytest.mark.parametrize("path", ["s3://bucket/model", "HTTPS://host/model"])
def test_a_model_at_an_address_is_refused(tmp_path: Path, path: str) -> None:
    text = DEPLOYMENT.replace("model: azureml:m:1", f"model: {{path: '{path}'}}")
    (found,) = findings(tmp_path, text)
    assert found.message == "is not a path on this machine"


UNREGISTERED = [
    ("runs:/1a2b/model", False, "is the path of an MLflow run", "--path runs:/1a2b/model`"),
    (
        "azureml://jobs/j/outputs/artifacts/paths/model",
        True,
        "is the path of a job's output",
        "az ml model create",
    ),
    (
        "azureml:jobs/j/outputs/artifacts/paths/model",
        False,
        "is the path of a job's output",
        "az ml model create",
    ),
    ("azureml://datastores/nowhere/paths/m", True, "is a path in a datastore", "az ml model create"),
    (
        "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/m",
        True,
        "is a path in a datastore",
        "az ml model create",
    ),
    ("models:/churn/3", False, "is MLflow's own notation", "azureml:churn:3"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("path", "loads", "message", "remedy"), UNREGISTERED)
def test_a_model_that_no_deployment_can_be_made_from_is_refused_with_how_to_register_it(
    tmp_path: Path, azure_ai_ml: AzureAiMl, path: str, loads: bool, message: str, remedy: str
) -> None:
    """As a reference and as a path; azure-ai-ml's loader takes some, and Azure refuses those later."""
    for key, model in (("model", path), ("model.path", f"{{path: '{path}'}}")):
        (found,) = findings(tmp_path, DEPLOYMENT.replace("azureml:m:1", model))
        assert (found.key, found.line) == (key, 4)
        assert message in found.message
        assert remedy in found.remedy
        if loads and key == "model":
            azure_ai_ml.load_online_deployment(tmp_path / "spec.yml")


def test_a_second_document_says_what_would_be_right(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, ENDPOINT + "---\nname: blue\nendpoint_name: diabetes\n", endpoint=True)
    assert (found.line, found.remedy) == (2, "give each endpoint and each deployment a file of its own")


def test_deployments_in_an_endpoint_file_are_refused_with_where_they_belong(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, ENDPOINT + "deployments: {blue: {}}\n", endpoint=True)
    assert (found.key, found.line) == ("deployments", 2)
    assert "a file of its own" in found.remedy


def test_a_workspace_id_with_a_label_is_refused_as_azure_ai_ml_does(tmp_path: Path) -> None:
    arm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    (found,) = findings(tmp_path, DEPLOYMENT + f"environment: azureml:{arm}/environments/e/labels/latest\n")
    assert "does not refer to a registered asset" in found.message


def test_overrides_win_and_their_findings_name_their_source(tmp_path: Path) -> None:
    file = tmp_path / "spec.yml"
    file.write_text(DEPLOYMENT + "request_settings: {request_timeout_ms: 1000, max_queue_wait_ms: 7}\n")
    spec = load_deployment(
        file, overrides={"name": "green", "request_settings": {"request_timeout_ms": 2000}}
    )
    assert spec.name == "green"
    assert spec.request_settings is not None
    assert (spec.request_settings.request_timeout_ms, spec.request_settings.max_queue_wait_ms) == (2000, 7)
    with pytest.raises(InvalidInput) as caught:
        load_deployment(
            file,
            overrides={"instance_cont": 2},
            override_place=lambda key: Place(Path("Pulumi.dev.yaml"), 7, key),
        )
    (found,) = caught.value.findings
    assert (found.file, found.line, found.key) == (Path("Pulumi.dev.yaml"), 7, "instance_cont")
    assert found.remedy == "did you mean 'instance_count'?"


@given(st.binary(max_size=400))
def test_no_bytes_whatever_do_more_than_raise_findings(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "spec.yml"
    file.write_bytes(b"name: blue\n" + data)
    with pytest.raises(InvalidInput):
        load_deployment(file)


@given(st.text("abc: -[]{}&*#!|>'\"\n\t?,<1.", max_size=60))
def test_no_yaml_whatever_does_more_than_raise_findings(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("any") / "spec.yml"
    file.write_text(text)
    with pytest.raises(InvalidInput):
        load_deployment(file)
