"""A scoring script that takes the whole HTTP request and makes the whole answer."""

import hashlib
import time

from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse


def init() -> None:
    pass


@rawhttp  # type: ignore[untyped-decorator]
def run(request: AMLRequest) -> AMLResponse:
    time.sleep(float(request.args.get("sleep", 0)))
    if request.args.get("files"):
        sent = {name: one.read() for name, one in request.files.items()}
        return AMLResponse(
            {name: hashlib.sha256(data).hexdigest() for name, data in sent.items()}, 200, json_str=True
        )
    if parts := request.args.get("parts"):
        return AMLResponse((b"%d\n" % number * 1000 for number in range(int(parts))), 200)
    if size := request.args.get("size"):
        return AMLResponse(b"\xff" * int(size), 200)
    answer = AMLResponse(request.get_data(), int(request.args.get("status", 200)))
    answer.headers["Content-Type"] = request.headers.get("Content-Type", "")
    answer.headers["x-method"] = request.method
    answer.headers["x-heard"] = request.headers.get("x-said", "")
    return answer
