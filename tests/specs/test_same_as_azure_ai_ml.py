"""Whatever we accept, azure-ai-ml's own loader reads to the same values, field by field."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml.findings import InvalidInput
from azml.specs import (
    AssetReference,
    DeploymentSpec,
    EndpointSpec,
    LocalCode,
    LocalEnvironment,
    LocalModel,
    iso_duration,
    load_deployment,
    load_endpoint,
)
from tests.fixtures.azure_ai_ml import AzureAiMl
from tests.fixtures.scoring_folder import write_files

pytestmark = [pytest.mark.thorough, pytest.mark.filterwarnings("ignore")]


def attributes(thing: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def same_record(ours: Any, theirs: Any, names: list[str]) -> None:
    """Both absent, or every named attribute equal."""
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert attributes(ours, names) == attributes(theirs, names)


def same_reference(ours: AssetReference, theirs: str) -> None:
    """The SDK keeps the text after `azureml:`; a full id as it stands."""
    assert str(ours) in (theirs, f"azureml:{theirs}")


def texts(values: Any) -> dict[str, str]:
    """The SDK keeps scalars; Azure stores text."""
    return {key: value if isinstance(value, str) else str(value) for key, value in (values or {}).items()}


def same_model(ours: Any, theirs: Any) -> None:
    if isinstance(ours, LocalModel):
        assert ours.path == Path(theirs.path)
        assert ours.type == theirs.type
        assert ours.description == theirs.description
        assert ours.tags == texts(theirs.tags)
        assert ours.properties == texts(theirs.properties)
        assert theirs._is_anonymous == (ours.name is None)
        if ours.name is not None:
            assert (ours.name, ours.version) == (theirs.name, theirs.version)
    elif ours is None:
        assert theirs is None
    else:
        same_reference(ours, theirs)


def same_environment(ours: Any, theirs: Any) -> None:
    if isinstance(ours, LocalEnvironment):
        assert ours.image == theirs.image
        assert ours.description == theirs.description
        assert ours.tags == texts(theirs.tags)
        assert (None if ours.conda is None else yaml.safe_load(ours.conda)) == theirs.conda_file
        assert theirs._is_anonymous == (ours.name is None)
        if ours.name is not None:
            assert (ours.name, ours.version) == (theirs.name, theirs.version)
        routes = ["liveness_route", "readiness_route", "scoring_route"]
        assert (ours.inference_config is None) == (theirs.inference_config is None)
        for route in routes if ours.inference_config else ():
            one, other = getattr(ours.inference_config, route), getattr(theirs.inference_config, route)
            assert (one.port, one.path) == (other.port, other.path)
    elif ours is None:
        assert theirs is None
    else:
        same_reference(ours, theirs)


def same_code(spec: DeploymentSpec, theirs: Any, folder: Path) -> None:
    configuration = theirs.code_configuration
    if configuration is None:
        assert spec.code is None and spec.scoring_script is None
        return
    assert spec.scoring_script == configuration.scoring_script
    if isinstance(spec.code, LocalCode):
        assert spec.code.path == (folder / configuration.code).resolve()
    else:
        assert spec.code is not None
        same_reference(spec.code, configuration.code)


def same_collector(ours: Any, theirs: Any) -> None:
    same_record(ours, theirs, ["rolling_rate", "sampling_rate"])
    if ours is None:
        return
    headers = theirs.request_logging.capture_headers if theirs.request_logging else None
    assert ours.capture_headers == (None if headers is None else tuple(headers))
    assert list(ours.collections) == list(theirs.collections)
    for name, stream in ours.collections.items():
        other = theirs.collections[name]
        assert str(stream.enabled).lower() == other.enabled
        assert stream.client_id == other.client_id
        if stream.data is None or isinstance(stream.data, str):
            assert stream.data == other.data
        else:
            same_record(stream.data, other.data, ["name", "path", "version", "data_id"])


def same_deployment(spec: DeploymentSpec, theirs: Any, folder: Path) -> None:
    plain = ["name", "endpoint_name", "instance_type", "instance_count", "app_insights_enabled"]
    plain += ["model_mount_path", "description"]
    assert attributes(spec, plain) == attributes(theirs, plain)
    assert spec.kind == theirs.type.lower()
    assert spec.tags == texts(theirs.tags)
    assert spec.properties == texts(theirs.properties)
    assert spec.environment_variables == texts(theirs.environment_variables)
    assert spec.egress_public_network_access == getattr(theirs, "egress_public_network_access", None)
    same_model(spec.model, theirs.model)
    same_environment(spec.environment, theirs.environment)
    same_code(spec, theirs, folder)
    requests = ["request_timeout_ms", "max_concurrent_requests_per_instance", "max_queue_wait_ms"]
    same_record(spec.request_settings, theirs.request_settings, requests)
    probe = ["initial_delay", "period", "timeout", "success_threshold", "failure_threshold"]
    same_record(spec.liveness_probe, theirs.liveness_probe, probe)
    same_record(spec.readiness_probe, theirs.readiness_probe, probe)
    assert (spec.scale_settings is None) == (theirs.scale_settings is None)
    if spec.scale_settings is not None:
        kind = {"default": "default", "targetutilization": "target_utilization"}
        assert spec.scale_settings.type == kind[theirs.scale_settings.type.lower().replace("_", "")]
        if spec.scale_settings.type == "target_utilization":
            scale = ["min_instances", "max_instances", "polling_interval", "target_utilization_percentage"]
            same_record(spec.scale_settings, theirs.scale_settings, scale)
    same_collector(spec.data_collector, theirs.data_collector)
    resources = getattr(theirs, "resources", None)
    assert (spec.resources is None) == (resources is None)
    if spec.resources is not None and resources is not None:
        same_record(spec.resources.requests, resources.requests, ["cpu", "memory", "gpu"])
        same_record(spec.resources.limits, resources.limits, ["cpu", "memory", "gpu"])


def same_endpoint(spec: EndpointSpec, theirs: Any) -> None:
    assert attributes(spec, ["name", "auth_mode", "description"]) == attributes(
        theirs, ["name", "auth_mode", "description"]
    )
    assert spec.kind == ("kubernetes" if type(theirs).__name__.startswith("Kubernetes") else "managed")
    assert spec.tags == texts(theirs.tags)
    assert spec.properties == texts(theirs.properties)
    assert dict(spec.traffic) == theirs.traffic
    assert dict(spec.mirror_traffic) == theirs.mirror_traffic
    assert spec.compute == getattr(theirs, "compute", None)
    assert spec.public_network_access == getattr(theirs, "public_network_access", None)
    assert (spec.identity is None) == (theirs.identity is None)
    if spec.identity is not None:
        assert spec.identity.type == theirs.identity.type
        ids = theirs.identity.user_assigned_identities or []
        assert spec.identity.user_assigned_identities == tuple(one.resource_id for one in ids)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "src/score.py": "def init(): ...\ndef run(data): return data\n",
        "model/weights.bin": b"\0weights",
        "conda.yml": "channels: [conda-forge]\ndependencies: [python=3.11, pip]\n",
    }
    return write_files(tmp_path, files)


DEPLOYMENTS = sorted((Path(__file__).parent / "deployments").glob("*.yml"))
ENDPOINTS = sorted((Path(__file__).parent / "endpoints").glob("*.yml"))


@pytest.mark.parametrize("file", DEPLOYMENTS, ids=lambda file: str(file.stem))
def test_deployment_files_are_read_to_the_same_values(
    file: Path, folder: Path, azure_ai_ml: AzureAiMl
) -> None:
    copy = folder / file.name
    copy.write_bytes(file.read_bytes())
    same_deployment(load_deployment(copy), azure_ai_ml.load_online_deployment(copy), folder)


@pytest.mark.parametrize("file", ENDPOINTS, ids=lambda file: str(file.stem))
def test_endpoint_files_are_read_to_the_same_values(file: Path, azure_ai_ml: AzureAiMl) -> None:
    same_endpoint(load_endpoint(file), azure_ai_ml.load_online_endpoint(file))


text = st.text("abcXYZ 0123_-:.é'\"#", max_size=12)
name = st.from_regex(r"[a-zA-Z](-?[a-zA-Z0-9]){2,10}", fullmatch=True)
scalar = st.one_of(text, st.integers(-5, 400_000), st.floats(allow_nan=False), st.booleans(), st.none())
table = st.dictionaries(
    st.sampled_from(["a", "b", "c d", "é"]), st.one_of(text, st.integers(), st.booleans())
)
ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def references(kind: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(
        [
            "azureml:thing:3",
            "azureml:thing@latest",
            "azureml:thing",
            f"azureml:{ARM}/{kind}/thing/versions/7",
            f"azureml://registries/azureml/{kind}/thing/versions/2",
            f"azureml://registries/azureml/{kind}/thing/labels/latest",
            "azureml:",
            "thing:3",
            "azureml:a/b:1",
            f"azureml:{ARM}/{kind}/thing",
            f"azureml:{ARM}/{kind}/thing/labels/latest",
        ]
    )


def records(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=fields)


# Odd values are rare, or hardly any document with many keys would be accepted.
whole = st.one_of(*[st.integers(1, 150_000)] * 12, scalar)
said = st.one_of(*[text] * 12, scalar)
probe = records(
    initial_delay=whole, period=whole, timeout=whole, success_threshold=whole, failure_threshold=whole
)
stream = records(enabled=st.sampled_from(["true", "True", "FALSE"]), data=text, client_id=text)
deployment = st.fixed_dictionaries(
    {
        "name": st.one_of(*[name] * 12, scalar),
        "endpoint_name": name,
        "instance_type": st.one_of(*[st.just("Standard_DS2_v2")] * 12, scalar),
    },
    optional={
        "type": st.sampled_from(["managed", "Managed", "kubernetes", "kubernetes", "Kubernetes"]),
        "instance_count": whole,
        "app_insights_enabled": st.one_of(st.booleans(), st.booleans(), scalar),
        "environment_variables": table,
        "tags": table,
        "properties": table,
        "description": said,
        "model_mount_path": said,
        "model": st.one_of(
            references("models"),
            records(
                path=st.sampled_from(
                    ["./model", "model/", "src/../model", ".", "", "s3://bucket/model", "a\0"]
                ),
                name=name,
                version=st.one_of(
                    st.from_regex(r"[a-z0-9.]{1,8}", fullmatch=True), st.integers(0, 99), scalar
                ),
                type=st.sampled_from(["custom_model", "MLFLOW_model", "triton_model"]),
                tags=table,
                description=text,
            ),
        ),
        "environment": st.one_of(
            references("environments"),
            records(
                image=text,
                conda_file=st.sampled_from(
                    ["conda.yml", "./conda.yml", "missing.yml", {"dependencies": ["pip"]}]
                ),
                name=name,
                version=st.one_of(
                    st.from_regex(r"[a-z0-9.]{1,8}", fullmatch=True), st.integers(0, 99), scalar
                ),
                os_type=st.sampled_from(["linux", "Linux"]),
                properties=table,
            ),
        ),
        "code_configuration": records(
            code=st.one_of(references("codes"), st.sampled_from(["./src", "src"])),
            scoring_script=st.sampled_from(["score.py", "a/score.py"]),
        ),
        "request_settings": records(
            request_timeout_ms=whole, max_concurrent_requests_per_instance=whole, max_queue_wait_ms=whole
        ),
        "liveness_probe": probe,
        "readiness_probe": probe,
        "scale_settings": records(
            type=st.sampled_from(["default", "Default", "target_utilization", "TargetUtilization"]),
            min_instances=whole,
            polling_interval=whole,
        ),
        "egress_public_network_access": st.sampled_from(["enabled", "Disabled", "disabled", "ENABLED"]),
        "data_collector": records(
            collections=st.dictionaries(st.sampled_from(["model_inputs", "model_outputs"]), stream),
            sampling_rate=st.floats(0, 1),
            rolling_rate=st.sampled_from(["hour", "Day", "MINUTE"]),
        ),
        "resources": records(requests=records(cpu=scalar, memory=text), limits=records(gpu=text)),
    },
)
endpoint = st.fixed_dictionaries(
    {"name": st.one_of(*[name] * 12, scalar)},
    optional={
        "auth_mode": st.sampled_from(["key", "Key", "AMLToken", "aml_token", "aad_token", "AADToken"]),
        "compute": st.sampled_from(["azureml:cluster", "cluster", f"azureml:{ARM}/computes/c"]),
        "description": said,
        "tags": table,
        "properties": table,
        "public_network_access": st.sampled_from(["enabled", "Disabled", "disabled", "ENABLED"]),
        "traffic": st.dictionaries(
            st.sampled_from(["blue", "green"]), st.sampled_from([0, 10, 90, 100, "100", 1.5])
        ),
        "mirror_traffic": st.dictionaries(st.sampled_from(["blue", "green"]), st.sampled_from([0, 10, 60])),
        "identity": records(
            type=st.sampled_from(["system_assigned", "SystemAssigned", "user_assigned", "none"]),
            user_assigned_identities=st.lists(records(resource_id=text), max_size=2),
        ),
        "location": text,
    },
)
many = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def accepted(file: Path, document: dict[str, Any], load: Any, needed: dict[str, Any]) -> Any:
    """What `load` makes of the document without the keys it finds fault with."""
    for _ in range(len(document) + 1):
        file.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True))
        try:
            return load(file)
        except InvalidInput as error:
            for key in {str(finding.key).split(".")[0] for finding in error.findings}:
                document.pop(key, None)
            document = {**needed, **document}
    raise AssertionError(f"refused to the end: {document}")


@many
@given(document=deployment)
def test_any_deployment_we_accept_the_loader_reads_to_the_same_values(
    document: dict[str, Any], folder: Path, azure_ai_ml: AzureAiMl
) -> None:
    file = folder / "deployment.yml"
    needed = {"name": "blue", "endpoint_name": "diabetes", "instance_type": "Standard_DS2_v2"}
    spec = accepted(file, document, load_deployment, needed)
    same_deployment(spec, azure_ai_ml.load_online_deployment(file), folder)


@many
@given(document=endpoint)
def test_any_endpoint_we_accept_the_loader_reads_to_the_same_values(
    document: dict[str, Any], folder: Path, azure_ai_ml: AzureAiMl
) -> None:
    file = folder / "endpoint.yml"
    spec = accepted(file, document, load_endpoint, {"name": "diabetes"})
    same_endpoint(spec, azure_ai_ml.load_online_endpoint(file))


@given(time=st.integers(0, 10**9))
def test_times_are_written_as_the_sdk_writes_them(azure_ai_ml: AzureAiMl, time: int) -> None:
    assert iso_duration(seconds=time) == azure_ai_ml.iso_seconds(time)
    assert iso_duration(milliseconds=time) == azure_ai_ml.iso_milliseconds(time)
