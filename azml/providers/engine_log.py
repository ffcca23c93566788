"""Messages to the user through the engine, which shows them beside the resource they concern."""

import threading

import grpc

from azml.providers.protos import engine_messages


class EngineLog:
    """Logs to the engine at `address` (host:port); without an address it logs nothing."""

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None

    def info(self, urn: str, message: str) -> None:
        """A line that the user sees under the resource."""
        self._write("INFO", urn, message)

    def status(self, urn: str, message: str) -> None:
        """A status shown beside the resource on a terminal until the next one; not logged."""
        self._write("INFO", urn, message, ephemeral=True)

    def warning(self, urn: str, message: str) -> None:
        """A line that the user sees as a warning about the resource."""
        self._write("WARNING", urn, message)

    def _write(self, severity: str, urn: str, message: str, *, ephemeral: bool = False) -> None:
        if not self._address:
            return
        messages = engine_messages()
        severity_value = messages.LogSeverity.Value(severity)
        request = messages.LogRequest(severity=severity_value, message=message, urn=urn, ephemeral=ephemeral)
        with self._lock:
            self._channel = self._channel or grpc.insecure_channel(self._address)
            call = self._channel.unary_unary(
                "/pulumirpc.Engine/Log",
                request_serializer=messages.LogRequest.SerializeToString,
                response_deserializer=lambda data: data,
            )
        call(request, timeout=5)
