"""A frozen deployment serves what the folder served, and needs the folder no more."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.bundling import HashCache, bundle, freeze
from azml.specs import AssetReference, load_deployment
from tests.fixtures.azure_ai_ml import AzureAiMl

from .conftest import make_folder

whole = st.integers(1, 1000)


def records(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=fields)


probe = records(initial_delay=whole, period=whole, timeout=whole, failure_threshold=whole)
more = records(
    description=st.text("abc é:#'", max_size=10),
    tags=st.dictionaries(st.text("ab", min_size=1), st.text("a: é1")),
    properties=st.dictionaries(st.text("ab", min_size=1), st.text("x1")),
    environment_variables=st.dictionaries(st.text("AB_", min_size=1), st.one_of(st.text("on:1"), whole)),
    instance_count=whole,
    app_insights_enabled=st.booleans(),
    request_settings=records(request_timeout_ms=whole, max_queue_wait_ms=whole),
    liveness_probe=probe,
    readiness_probe=probe,
    scale_settings=st.just({"type": "default"}),
    egress_public_network_access=st.sampled_from(["enabled", "disabled"]),
    data_collector=st.fixed_dictionaries(
        {
            "collections": st.dictionaries(
                st.sampled_from(["a", "b"]), records(data=st.text("ab"), client_id=st.text("c"))
            )
        },
        optional={
            "sampling_rate": st.floats(0, 1),
            "rolling_rate": st.sampled_from(["hour", "day"]),
            "request_logging": records(capture_headers=st.lists(st.text("xy"))),
        },
    ),
    model=st.sampled_from(["azureml:m:1", "azureml:m@latest", "azureml://registries/r/models/m/versions/1"]),
)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=80, deadline=None)
@given(more=more, kubernetes=st.booleans(), score=st.text("ab#\n", max_size=5))
def test_the_frozen_deployment_serves_the_same(
    azure_ai_ml: AzureAiMl, more: dict[str, Any], kubernetes: bool, score: str
) -> None:
    """Every setting survives, azure-ai-ml's loader reads it too, and no path of the folder is left in it."""
    for stream in more.get("data_collector", {"collections": {}})["collections"].values():
        stream["enabled"] = "true"
    if kubernetes:
        more |= {
            "type": "kubernetes",
            "resources": {"limits": {"cpu": "1", "gpu": "1"}},
            "model": "azureml:m:1",
        }
        more.pop("egress_public_network_access", None)
    with TemporaryDirectory() as temporary:
        folder = make_folder(Path(temporary, "scoring"))
        (folder / "src" / "score.py").write_text((folder / "src" / "score.py").read_text() + f"\n# {score!r}")
        spec = load_deployment(folder / "deployment.yml", overrides=more)
        cache = HashCache(Path(temporary, "hashes"))
        made = bundle(spec, endpoint="diabetes", cache=cache)
        frozen = Path(temporary, "frozen.yml")
        frozen.write_text(yaml.safe_dump(freeze(spec, made), allow_unicode=True))
        assert temporary not in frozen.read_text()
        again = load_deployment(frozen)
        assert bundle(again, endpoint="other", cache=cache).serves == made.serves
        assert azure_ai_ml.load_online_deployment(frozen).name == "blue"
    for name in spec.__dataclass_fields__:
        if name not in ("model", "code", "environment", "source"):
            assert getattr(again, name) == getattr(spec, name)
    assert isinstance(again.code, AssetReference)
    assert isinstance(again.environment, AssetReference)
