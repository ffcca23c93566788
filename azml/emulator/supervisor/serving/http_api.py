"""The data plane's API for the control plane: HTTP and JSON over a unix socket."""

import hmac
import json
from typing import get_args

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from azml.emulator.base.logs import Container
from azml.emulator.contract.deployments import deployment_from_json, endpoint_from_json, to_json
from azml.emulator.supervisor.serving.dataplane import Dataplane, UnknownDeployment

_DATAPLANE = web.AppKey("dataplane", Dataplane)


def application(dataplane: Dataplane, token: str) -> web.Application:
    """The routes, which require the token. Keys are quoted: their slashes are part of one path segment.

    A scoring script runs as the socket's owner, and its confinement does not keep it from connecting.
    """
    app = web.Application(middlewares=[_known(token), _faults], client_max_size=16 * 1024 * 1024)
    app[_DATAPLANE] = dataplane
    app.add_routes(
        [
            web.put("/deployments/{key:[^/]+}", _put_deployment),
            web.get("/deployments/{key:[^/]+}", _get_deployment),
            web.delete("/deployments/{key:[^/]+}", _delete_deployment),
            web.get("/deployments/{key:[^/]+}/logs", _logs),
            web.put("/endpoints/{key:[^/]+}", _put_endpoint),
            web.delete("/endpoints/{key:[^/]+}", _delete_endpoint),
            web.put("/complete", _complete),
            web.put("/clock", _clock),
            web.get("/metrics", _metrics),
            web.get("/slow", _slow),
            web.get("/usage", _usage),
        ]
    )
    return app


def _known(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected):
            return web.json_response({"message": "only the control plane may ask"}, status=401)
        return await handler(request)

    return check


@web.middleware
async def _faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except UnknownDeployment as unknown:
        return web.json_response({"message": f"no deployment {unknown}"}, status=404)
    except (TypeError, ValueError) as wrong:
        return web.json_response({"message": f"not understood: {wrong}"}, status=400)


async def _put_deployment(request: web.Request) -> web.Response:
    desired = deployment_from_json(json.loads(await request.read()))
    if desired.key != request.match_info["key"]:
        raise ValueError("the key in the address is not the one in the body")
    observed = await request.app[_DATAPLANE].put_deployment(desired)
    return web.json_response(to_json(observed), status=202)


async def _get_deployment(request: web.Request) -> web.Response:
    seconds = float(request.query.get("wait", "0"))
    observed = await request.app[_DATAPLANE].settled(request.match_info["key"], seconds)
    return web.json_response(to_json(observed))


async def _delete_deployment(request: web.Request) -> web.Response:
    await request.app[_DATAPLANE].delete_deployment(request.match_info["key"])
    return web.Response(status=204)


async def _logs(request: web.Request) -> web.Response:
    asked = request.query.get("container", "inference-server")
    container: Container | None = next((one for one in get_args(Container) if one == asked), None)
    if container is None:
        raise ValueError(f"no container {asked!r}")
    tail = int(request.query.get("tail", "100"))
    return web.Response(text=request.app[_DATAPLANE].logs(request.match_info["key"], container, tail))


async def _put_endpoint(request: web.Request) -> web.Response:
    desired = endpoint_from_json(json.loads(await request.read()))
    await request.app[_DATAPLANE].put_endpoint(desired)
    return web.json_response({})


async def _delete_endpoint(request: web.Request) -> web.Response:
    await request.app[_DATAPLANE].delete_endpoint(request.match_info["key"])
    return web.Response(status=204)


async def _complete(request: web.Request) -> web.Response:
    await request.app[_DATAPLANE].complete()
    return web.json_response({})


async def _clock(request: web.Request) -> web.Response:
    asked = json.loads(await request.read())
    await request.app[_DATAPLANE].recorder.move(float(asked["added"]))
    return web.json_response({})


async def _metrics(request: web.Request) -> web.Response:
    return web.json_response(await request.app[_DATAPLANE].metrics(*_minutes(request)))


async def _slow(request: web.Request) -> web.Response:
    query = request.query
    since, milliseconds = float(query["since"]), float(query["milliseconds"])
    return web.json_response(await request.app[_DATAPLANE].slow(since, query["endpoint"], milliseconds))


async def _usage(request: web.Request) -> web.Response:
    return web.json_response(request.app[_DATAPLANE].usage(*_minutes(request)))


def _minutes(request: web.Request) -> tuple[float, str | None]:
    return float(request.query.get("since", "0")), request.query.get("endpoint")
