import re

import grpc
import pytest
from google.rpc import code_pb2

from seedbed.kernel import errors
from tests.kernel.greeter import all_errors


@pytest.mark.parametrize("error", all_errors())
def test_every_error_has_a_code_and_a_reason(error):
    assert error.code in grpc.StatusCode.__members__
    assert error.code in dict(code_pb2.Code.items())
    assert re.fullmatch("[A-Z][A-Z0-9_]+", error.reason)
    if error is errors.Damaged:
        made, message = error("key", "is missing", hint="do this"), "damaged: key is missing"
    else:
        made, message = error("what", hint="do this"), "what"
    assert (str(made), made.message, made.hint) == (message, message, "do this")
    # gRPC clients try again what is unavailable, and nothing else.
    assert error.retryable == (error.code == "UNAVAILABLE")


def test_the_tree_is_as_it_is_drawn():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    kernel = {error.__name__ for error in all_errors() if error.__module__ == errors.__name__}
    assert {"SeedbedError", *drawn} == kernel


def test_faults_of_endpoint_and_item_are_told_apart():
    assert not issubclass(errors.EndpointError, errors.ItemError)
    assert not issubclass(errors.ItemError, errors.EndpointError)
    assert not issubclass(errors.StoreError, errors.ItemError)
