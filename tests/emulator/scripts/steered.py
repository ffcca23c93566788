"""A scoring script that does what the request says."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
import requests
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azureml.ai.monitoring import Collector
from azureml.ai.monitoring.context import BasicCorrelationContext

collector: Any = None


def init() -> None:
    global collector
    if os.environ.get("AZUREML_MDC_CONFIG_PATH"):
        collector = Collector(name="model_inputs")


def claims(token: str) -> Any:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def opens(path: str) -> bool:
    try:
        Path(path).read_bytes() if Path(path).is_file() else list(Path(path).iterdir())
    except OSError:
        return False
    return True


def run(data: str) -> Any:
    asked = json.loads(data)
    time.sleep(asked.get("sleep", 0))
    if asked.get("fail"):
        raise ValueError("as asked")
    if asked.get("environment"):
        return dict(os.environ)
    if asked.get("pid"):
        return os.getpid()
    if paths := asked.get("opens"):
        return [path for path in paths if opens(path)]
    if rows := asked.get("collect"):
        collector.collect(pd.DataFrame(rows), BasicCorrelationContext(id=asked["id"]))
    if scope := asked.get("token"):
        chosen = {"client_id": asked["client"]} if asked.get("client") else {}
        return claims(ManagedIdentityCredential(**chosen).get_token(scope).token)
    if url := asked.get("blob"):
        token = DefaultAzureCredential().get_token("https://storage.azure.com/.default").token
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        return [answer.status_code, answer.text]
    return {"asked": asked}
