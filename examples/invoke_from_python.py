"""Asks an endpoint with Azure's own Python SDK, then counts which deployment answers how many requests.

    invoke_from_python.py ENDPOINT REQUEST_FILE [--requests 100]

The environment says where Azure is: real, or local after `eval "$(azml emulator env)"`. The workspace is the
local one unless the options name another.
"""

import argparse
from collections import Counter
from pathlib import Path

import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import EndpointAuthKeys
from azure.identity import DefaultAzureCredential


def main() -> None:
    options = read_options()
    client = MLClient(
        DefaultAzureCredential(), options.subscription, options.resource_group, options.workspace
    )
    endpoint = client.online_endpoints.get(options.endpoint)
    print(f"{endpoint.name}: {endpoint.scoring_uri}")
    for deployment in client.online_deployments.list(endpoint.name):
        share = endpoint.traffic.get(deployment.name, 0)
        print(f"  {deployment.name}: {share} % on {deployment.instance_count} x {deployment.instance_type}")
    keys = client.online_endpoints.get_keys(endpoint.name)
    if not isinstance(keys, EndpointAuthKeys):
        raise SystemExit(f"{endpoint.name} takes tokens, not keys; this example shows keys")
    answers = ask(endpoint.scoring_uri, keys.primary_key, options.request.read_bytes(), options.requests)
    for (deployment, answer), count in answers.most_common():
        print(f"{count:>4} x {answer} from {deployment}")


def ask(uri: str, key: str, body: bytes, times: int) -> Counter[tuple[str, str]]:
    """Who answered what how often. Straight to the address, not by `invoke`: once `invoke` was told a
    deployment, it goes on naming it in later calls, and the split would not be seen."""
    answers: Counter[tuple[str, str]] = Counter()
    with requests.Session() as session:
        session.headers.update({"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        for _ in range(times):
            response = session.post(uri, data=body, timeout=60)
            response.raise_for_status()
            answers[response.headers["azureml-model-deployment"], response.text] += 1
    return answers


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("endpoint")
    parser.add_argument("request", type=Path)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--subscription", default="00000000-0000-0000-0000-000000000001")
    parser.add_argument("--resource-group", default="rg-azml-local")
    parser.add_argument("--workspace", default="mlw-azml-local")
    return parser.parse_args()


if __name__ == "__main__":
    main()
