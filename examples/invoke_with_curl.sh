#!/bin/sh
# Asks an endpoint with curl: invoke_with_curl.sh ENDPOINT REQUEST_FILE [DEPLOYMENT]
# Without a deployment the endpoint's traffic decides who answers; the response's headers say who did.
set -eu
[ $# -ge 2 ] || { sed -n 2,3p "$0" >&2; exit 2; }
endpoint=$1 request=$2 deployment=${3:-}
bin=$(cd "$(dirname "$0")/../.venv/bin" && pwd)

uri=$("$bin/azml" status --json | "$bin/python" -c '
import json, sys
uris = {endpoint["name"]: endpoint["scoring_uri"] for endpoint in json.load(sys.stdin)}
print(uris[sys.argv[1]] if sys.argv[1] in uris else sys.exit(f"no endpoint {sys.argv[1]}; there are: {chr(44).join(uris)}"))
' "$endpoint")
authorization=$("$bin/azml" keys header "$endpoint")

# The key goes in by a file descriptor: arguments of a program can be seen by every user of the machine.
printf 'header = "%s"\n' "$authorization" |
    curl --silent --show-error --fail-with-body --config - \
        --header "Content-Type: application/json" \
        ${deployment:+--header "azureml-model-deployment: $deployment"} \
        --write-out '\nanswered by %header{azureml-model-deployment} with status %{http_code} in %{time_total} s\n' \
        --data "@$request" "$uri"
