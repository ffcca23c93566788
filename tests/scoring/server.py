"""One of the sample's deployments, as its users ask it."""

import json
from dataclasses import dataclass
from pathlib import Path

from azml.azure.http import Http

SAMPLE = Path(__file__).parents[2] / "scoring" / "diabetes"
MODEL_STATUS = "ms-azureml-model-error-statuscode"
"""The header that has the status of a scoring script's own refusal."""


@dataclass(frozen=True)
class Server:
    """A deployment that serves. `answer` sends it one request."""

    http: Http
    uri: str
    key: str
    slot: str

    def answer(self, body: bytes) -> tuple[int, str]:
        """POST /score; the status that the script gave, and the text that came back."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "azureml-model-deployment": self.slot,
        }
        reply = self.http.request("POST", self.uri, headers=headers, body=body)
        return int(reply.headers.get(MODEL_STATUS, reply.status)), reply.content.decode()

    def predict(self, request: object) -> object:
        """The JSON answer to a JSON request, which must be taken."""
        status, text = self.answer(json.dumps(request).encode())
        assert status == 200, text
        return json.loads(text)
