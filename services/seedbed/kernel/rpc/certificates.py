"""Certificates: what a process shows to others, and whom it believes. Read from files when it starts."""

import ssl
from pathlib import Path

import grpc

from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.settings import PREFIX, Settings


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """What a gRPC server shows and asks for; None where it speaks in the clear. Raises InputError."""
    if not settings.tls_cert:
        _refuse_part(settings, "tls_key", "tls_client_ca")
        return None
    _open_context(settings)
    pair = (_read(settings, "tls_key"), _read(settings, "tls_cert"))
    if not settings.tls_client_ca:
        return grpc.ssl_server_credentials([pair])
    return grpc.ssl_server_credentials([pair], _read(settings, "tls_client_ca"), require_client_auth=True)


def channel_credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """What calls show and believe; None where they go in the clear. Raises InputError."""
    if not settings.tls_ca:
        return None
    _open_context(settings)
    roots = _read(settings, "tls_ca")
    if not settings.tls_cert:
        return grpc.ssl_channel_credentials(roots)
    return grpc.ssl_channel_credentials(roots, _read(settings, "tls_key"), _read(settings, "tls_cert"))


def client_context(settings: Settings) -> ssl.SSLContext:
    """The same for connections that are not gRPC's. Raises InputError."""
    return _open_context(settings)


def _open_context(settings: Settings) -> ssl.SSLContext:
    """Load everything once: gRPC says no more than that a handshake failed, and only when one does."""
    context = ssl.create_default_context()
    for name in ("tls_ca", "tls_client_ca"):
        if getattr(settings, name):
            _read(settings, name)
            try:
                trusted = context if name == "tls_ca" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                trusted.load_verify_locations(getattr(settings, name))
            except ssl.SSLError as error:
                raise _fault(name, "holds no certificates in PEM form") from error
    if settings.tls_cert:
        _read(settings, "tls_cert")
        _read(settings, "tls_key")
        try:
            # The password is for none: without it OpenSSL would ask for one at the terminal.
            context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
        except ssl.SSLError as error:
            raise _fault("tls_key", f"it and the certificate do not go together: {error.reason}") from error
    return context


def _read(settings: Settings, name: str) -> bytes:
    path = getattr(settings, name)
    if not path:
        raise _fault(name, "is missing: certificate and key are named together")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _fault(name, str(error)) from error


def _refuse_part(settings: Settings, *names: str) -> None:
    for name in names:
        if getattr(settings, name):
            raise _fault(name, f"is of no use without {PREFIX}TLS_CERT")


def _fault(name: str, what: str) -> InputError:
    return InputError("certificates that cannot be", [Violation(f"{PREFIX}{name}".upper(), what)])
