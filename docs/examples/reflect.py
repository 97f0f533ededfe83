"""Calls a service it knows nothing of: `python docs/examples/reflect.py ADDRESS [METHOD [JSON]]`.

By reflection, as grpcurl does it. Without a method it lists all there are; with one, named
`package.Service/Method`, it sends the JSON as the request and prints each answer as JSON.
"""

import os
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToJson, Parse
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main(address: str, method: str = "", request: str = "{}") -> None:
    """List, or call."""
    path = os.environ.get("SEEDBED_API_TOKEN_FILE")
    token = [("authorization", f"Bearer {Path(path).read_text().split()[0]}")] if path else []
    with grpc.intercept_channel(connect(address), Shown(token)) as channel:
        known = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(known)
        if not method:
            for service in sorted(known.get_services()):
                for found in pool.FindServiceByName(service).methods:
                    print(f"{service}/{found.name}")
            return
        service, _, name = method.rpartition("/")
        found = pool.FindServiceByName(service).FindMethodByName(name)
        call = (channel.unary_stream if found.server_streaming else channel.unary_unary)(
            f"/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(found.output_type).FromString,
        )
        answer = call(Parse(request, GetMessageClass(found.input_type)(), descriptor_pool=pool))
        for message in answer if found.server_streaming else [answer]:
            print(MessageToJson(message, descriptor_pool=pool))


def connect(address: str) -> grpc.Channel:
    """A channel, by TLS where SEEDBED_TLS_CA names an authority."""
    if authority := os.environ.get("SEEDBED_TLS_CA"):
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(Path(authority).read_bytes()))
    return grpc.insecure_channel(address)


class Shown(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor
):
    """Shows a token on every call, reflection included."""

    def __init__(self, token: list[tuple[str, str]]) -> None:
        self._token = token

    def _show(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details._replace(metadata=[*(details.metadata or []), *self._token]), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_stream = _show


if __name__ == "__main__":
    main(*sys.argv[1:])
