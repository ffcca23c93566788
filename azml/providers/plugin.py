"""The provider protocol on top of a `Package`: decoding, dispatch, secrets, errors."""

import json
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty

from azml.azure.errors import AzureError
from azml.engine_values import Properties
from azml.providers import calls
from azml.providers.codec import decode, encode, paint, strip
from azml.providers.protos import provider_pb2, status_messages


class Plugin:
    """Answers the engine's calls, with one method per call of the protocol, of the same name.

    `load` makes the package with the first call that concerns a resource: of the two processes that a command
    starts for each plugin, one only checks the provider's inputs. `check_settings` is for that one: the part
    of those inputs that belongs in the provider's state.
    """

    def __init__(
        self, load: Callable[[], calls.Package], check_settings: Callable[[Properties], Properties]
    ) -> None:
        self._load = load
        self._check_settings = check_settings
        self._loading = threading.Lock()
        self._loaded: calls.Package | None = None

    @property
    def _package(self) -> calls.Package:
        with self._loading:
            self._loaded = self._loaded or self._load()
            return self._loaded

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        """The answer of `method`; errors as messages for the engine, unexpected ones with a traceback."""
        try:
            return getattr(self, method)(request, context)
        except (calls.ProviderError, AzureError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            if context.code() is not None:  # our own abort, propagating
                raise
            context.abort(grpc.StatusCode.INTERNAL, f"{error}\n{traceback.format_exc()}")

    def get_schema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The package schema as JSON."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps(self._package.schema()))

    def check_config(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Keep what belongs in the provider's state."""
        news = decode(request.news)
        kept = self._check_settings(strip(news))
        return provider_pb2.CheckResponse(inputs=encode(paint(kept, news)))

    def diff_config(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Changes of a provider's inputs never replace its resources."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Set the provider's inputs."""
        self._package.configure(strip(decode(request.args)))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer a function call."""
        answer = self._package.invoke(request.tok, strip(decode(request.args)), request.preview)
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})

    def check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Validate inputs."""
        news = decode(request.news)
        call = calls.Check(
            urn=request.urn,
            type=_type(request),
            news=strip(news),
            olds=strip(decode(request.olds)),
            autonaming=_autonaming(request),
            seed=request.randomSeed,
        )
        checked = self._package.resource(call.type).check(call)
        return provider_pb2.CheckResponse(
            inputs=encode(paint(checked.inputs, news)),
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in checked.failures
            ],
        )

    def diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compare inputs with those of the last `up`."""
        call = calls.Diff(
            urn=request.urn,
            type=_type(request),
            id=request.id,
            olds=strip(decode(request.old_inputs)),
            news=strip(decode(request.news)),
            outputs=strip(decode(request.olds)),
            ignored=tuple(request.ignoreChanges),
        )
        return _diff_response(self._package.resource(call.type).diff(call))

    def create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Create a resource, or show the result in a preview."""
        inputs = decode(request.properties)
        call = calls.Create(request.urn, _type(request), strip(inputs), request.preview, request.timeout)
        try:
            state = self._package.resource(call.type).create(call)
        except calls.InitFailedError as failed:
            _abort_unready(context, failed, inputs)
        return provider_pb2.CreateResponse(id=state.id, properties=encode(paint(state.outputs, inputs)))

    def read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The resource's current state; an empty id means that it is gone."""
        inputs, outputs = decode(request.inputs), decode(request.properties)
        call = calls.Read(request.urn, _type(request), request.id, strip(inputs), strip(outputs))
        shades = {**outputs, **inputs}
        try:
            state = self._package.resource(call.type).read(call)
        except calls.InitFailedError as failed:
            found = {key: paint(value, shades.get(key)) for key, value in failed.state.inputs.items()}
            _abort_unready(context, failed, found)
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=state.id,
            properties=encode(paint(state.outputs, shades)),
            inputs=encode(paint(state.inputs, shades)),
        )

    def update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Change a resource in place, or show the result in a preview."""
        news = decode(request.news)
        call = calls.Update(
            urn=request.urn,
            type=_type(request),
            id=request.id,
            olds=strip(decode(request.old_inputs)),
            news=strip(news),
            outputs=strip(decode(request.olds)),
            preview=request.preview,
            timeout=request.timeout,
        )
        try:
            outputs = self._package.resource(call.type).update(call)
        except calls.InitFailedError as failed:
            _abort_unready(context, failed, news)
        return provider_pb2.UpdateResponse(properties=encode(paint(outputs, news)))

    def delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remove a resource."""
        call = calls.Delete(
            urn=request.urn,
            type=_type(request),
            id=request.id,
            inputs=strip(decode(request.old_inputs)),
            outputs=strip(decode(request.properties)),
            timeout=request.timeout,
        )
        self._package.resource(call.type).delete(call)
        return Empty()

    def cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Give up whatever is being waited for."""
        self.give_up()
        return Empty()

    def give_up(self) -> None:
        """End every wait."""
        with self._loading:
            if self._loaded is not None:
                self._loaded.cancel()


def _type(request: Any) -> str:
    """The resource's type; older engines give it only in the URN, after its parents' types."""
    return str(request.type or request.urn.split("::")[2].rpartition("$")[2])


def _autonaming(request: Any) -> calls.Autonaming | None:
    if not request.HasField("autonaming"):
        return None
    return calls.Autonaming(request.autonaming.proposed_name, calls.Naming(request.autonaming.mode))


def _diff_response(changes: calls.Changes) -> Any:
    some = provider_pb2.DiffResponse.DIFF_SOME if changes.paths else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some,
        replaces=[path for path, kind in changes.paths.items() if kind.replaces],
        diffs=list(changes.paths),
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=kind.value, inputDiff=True)  # type: ignore[arg-type]
            for path, kind in changes.paths.items()
        },
        hasDetailedDiff=True,
        deleteBeforeReplace=changes.delete_first,
    )


def _abort_unready(
    context: grpc.ServicerContext, failed: calls.InitFailedError, inputs: Mapping[str, Any]
) -> NoReturn:
    """End the call with the state of a resource that exists but is not ready."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=failed.state.id,
        properties=encode(paint(failed.state.outputs, dict(inputs))),
        inputs=encode(inputs),
        reasons=failed.reasons,
    )
    status = status_messages().Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failed))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(failed))
    raise AssertionError("abort raises")
