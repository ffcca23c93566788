"""What the studio is shown with: an endpoint with blue, green, and red, whose init() fails."""

from tests.fixtures.control_plane import (
    ENDPOINT,
    Answer,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.whole_azure import WholeAzure

SCORE = """\
import json, os
from azureml_inference_server_http.api.aml_request import rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse

def init():
    if os.environ["FLAVOUR"] == "red":
        raise RuntimeError("no such model: red")

@rawhttp
def run(request):
    if not request.content_type.startswith("application/json"):
        return AMLResponse(request.get_data(), 200, {"Content-Type": request.content_type})
    asked = json.loads(request.get_data())
    if "long" in asked:
        return "x" * asked["long"]
    if "say" in asked:
        print(asked["say"], flush=True)
    if asked.get("fail"):
        raise ValueError("as asked")
    return {"flavour": os.environ["FLAVOUR"], "asked": asked}
"""


def build(azure: WholeAzure) -> None:
    """The endpoint diabetes with blue at 90 percent, green at 10, and red, which cannot start."""
    build_workspace(azure)
    container = build_assets(azure)
    azure.upload(container, "code/1/score.py", SCORE.encode())
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    begun = {name: _begin(azure, name) for name in ("blue", "green", "red")}
    ended = {name: azure.finished(answer, 120)["status"] for name, answer in begun.items()}
    assert ended == {"blue": "Succeeded", "green": "Succeeded", "red": "Failed"}, azure.log
    azure.share_out({"blue": 90, "green": 10})


def _begin(azure: WholeAzure, name: str) -> Answer:
    body = deployment_body(environmentVariables={"FLAVOUR": name})
    answer = azure.arm("PUT", f"{ENDPOINT}/deployments/{name}", body)
    assert answer.status == 201, answer.raw
    return answer
