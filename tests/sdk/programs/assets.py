"""Models and environments: registered, numbered, found again, fetched, archived."""

from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment, Model
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError


def run(client: MLClient) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    light = client.models.create_or_update(Model(path="model/light.txt", name="light", version="7"))
    newer = client.models.create_or_update(Model(path="heavy", name="light", version="2"))
    counted = client.models.create_or_update(Model(path="heavy", name="light"))
    seen["models"] = [light.version, newer.version, counted.version]
    seen["latest"] = client.models.get("light", label="latest").version
    seen["listed"] = sorted(model.version for model in client.models.list(name="light"))
    seen["containers"] = [model.name for model in client.models.list()]
    client.models.download("light", "7", "fetched")
    seen["fetched"] = [path.read_text().strip() for path in Path("fetched").rglob("*.txt")]
    try:
        client.models.create_or_update(Model(path="heavy", name="light", version="7"))
    except Exception as refused:
        seen["other files"] = str(refused)[:200]
    same = Environment(
        name="server", image="mcr.microsoft.com/azureml/minimal:latest", conda_file="conda.yml"
    )
    seen["environment"] = client.environments.create_or_update(same).version
    other = Environment(name="server", image="mcr.microsoft.com/azureml/other:latest", conda_file="conda.yml")
    seen["other"] = client.environments.create_or_update(other).version
    seen["environments"] = [found.name for found in client.environments.list()]
    seen["conda"] = client.environments.get("server", "1").conda_file["dependencies"][0]
    client.models.archive("light", version=counted.version)
    seen["kept"] = sorted(model.version for model in client.models.list(name="light"))
    client.models.restore("light", version=counted.version)
    try:
        client.models.get("light", "404")
    except (HttpResponseError, ResourceNotFoundError) as missing:
        seen["missing"] = missing.status_code
    return seen
