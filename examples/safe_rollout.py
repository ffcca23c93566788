"""A new version takes over an endpoint step by step, with Azure's own Python SDK.

    safe_rollout.py [ENDPOINT] [--keep]

Blue serves everybody and grows to two instances; green comes in beside it without users, is asked by name,
gets copies of a tenth of the requests, then a tenth of the requests, then all of them; blue goes. In the end
the endpoint goes too, unless told to --keep it. Run it in the project's folder: the models are the sample's.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import requests
from azure.ai.ml import MLClient, load_online_deployment
from azure.ai.ml.entities import ManagedOnlineEndpoint, OnlineDeployment
from azure.identity import DefaultAzureCredential

SAMPLE = Path(__file__).parents[1] / "scoring" / "diabetes"
REQUEST = SAMPLE / "requests" / "sample.json"
ASKED = 60  # requests after each step


class Rollout:
    """One endpoint, and who answers at it."""

    def __init__(self, client: MLClient, name: str) -> None:
        self.client = client
        self.name = name

    def run(self) -> None:
        self.create_endpoint()
        blue = self.deploy("blue.yml")
        self.share("blue serves everybody", {"blue": 100})
        self.scale(blue, 2)
        self.deploy("green.yml")
        self.show("green is there and has no users")
        self.ask_green()
        self.share("a tenth is copied to green", {"blue": 100}, mirror={"green": 10})
        self.show_copies()
        self.share("a tenth goes to green", {"blue": 90, "green": 10})
        self.share("green serves everybody", {"blue": 0, "green": 100})
        self.client.online_deployments.begin_delete("blue", self.name).result()
        self.show("blue is gone")

    def create_endpoint(self) -> None:
        endpoint = ManagedOnlineEndpoint(name=self.name, auth_mode="key", description="A safe rollout")
        made = self.client.online_endpoints.begin_create_or_update(endpoint).result()
        self.uri = made.scoring_uri
        self.key = self.client.online_endpoints.get_keys(self.name).primary_key

    def deploy(self, file: str) -> OnlineDeployment:
        """One of the sample's deployments, at this endpoint. It has no share of the traffic at first."""
        deployment = load_online_deployment(SAMPLE / file, params_override=[{"endpoint_name": self.name}])
        return self.client.online_deployments.begin_create_or_update(deployment).result()

    def scale(self, deployment: OnlineDeployment, instances: int) -> None:
        deployment.instance_count = instances
        scaled = self.client.online_deployments.begin_create_or_update(deployment).result()
        self.show(f"{scaled.name} has {scaled.instance_count} instances")

    def share(self, title: str, traffic: dict[str, int], mirror: dict[str, int] | None = None) -> None:
        """Set the shares as a whole: what a write of the endpoint does not name has none."""
        endpoint = self.client.online_endpoints.get(self.name)
        endpoint.traffic, endpoint.mirror_traffic = traffic, mirror or {}
        self.client.online_endpoints.begin_create_or_update(endpoint).result()
        self.show(title)

    def show(self, title: str) -> None:
        """Who answers now. No `invoke`: once that was told a deployment, it goes on naming it."""
        answers: Counter[str] = Counter()
        with requests.Session() as session:
            session.headers.update(
                {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            )
            for _ in range(ASKED):
                response = session.post(self.uri, data=REQUEST.read_bytes(), timeout=60)
                response.raise_for_status()
                answers[response.headers["azureml-model-deployment"]] += 1
        print(f"{title}: {', '.join(f'{name} answered {count}' for name, count in sorted(answers.items()))}")

    def ask_green(self) -> None:
        answer = self.client.online_endpoints.invoke(
            self.name, request_file=str(REQUEST), deployment_name="green"
        )
        print(f"green by name: {json.loads(answer)}")

    def show_copies(self) -> None:
        """Copies are answered and thrown away: only green's log knows of them."""
        log = self.client.online_deployments.get_logs("green", self.name, lines=5000)
        print(f"green has answered {log.count('POST /score 200')} requests nobody saw, one of them by name")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("endpoint", nargs="?", default="safe-rollout")
    parser.add_argument("--keep", action="store_true", help="leave the endpoint")
    options = parser.parse_args()
    client = MLClient.from_config(credential=DefaultAzureCredential(), show_progress=False)
    try:
        Rollout(client, options.endpoint).run()
    finally:
        if not options.keep:
            client.online_endpoints.begin_delete(options.endpoint).result()


if __name__ == "__main__":
    main()
