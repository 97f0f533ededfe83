from importlib import import_module
from typing import Any

import pytest

from seedbed.kernel.identity import canonical_json, leaf_token, message_bytes, sha256_hex
from tests.kernel.hashed import HASHED

# A change here orphans every record ever sealed: an upgrade that moves one of these must not pass unseen.
FROZEN = {
    "StepSpec": "6128104c011f0bfc4a99147979c08d9704c9a88739d3eaf132d42b8e8c28349e",
    "StepSpec with default sampling": "a10b20ea1241a1a712830afd2ce69116634179defd45c7ea5789fec710743023",
    "StepSpec without sampling": "6cd8a86e294f3534c8e1a00540d0e2e38030e361fae8afcd0ec4cb294eaa1b23",
    "ChunkInput": "2430f68b25d46ee18f1ffddd347e8fdee42ecfda3272506b09682aa38ddd7777",
    "AugmentInput": "8a29187e0b60392a5ad89ff8fabb4ed9847c298ac24f99753dea2a732d4a560f",
    "RetellInput": "1a6403d08a86ff03c3e672d6b5825cd101fe7a46b6777ab4b103351d44fad362",
    "GenerateInput": "5201447a3a1e4c59376aff753d3afea10545de0d4f9bd3bcd9cb1fe226334d44",
    "ContextInput": "c67f5098ae78c57874609e859189efd87d0a17ad485db659ee7e620fb061e01d",
    "InstructInput": "24068114735eeaf175a4419f30d32cb578f98b29cadee4fe0d1c316fc62269af",
    "RespondInput": "a0129d88abd57010aaf6523e6274bcbf1861e51e043b448b57289bb27d760ad3",
    "InstructionInput": "ebfecdf66046d6e956d89f05cce4755e33c1c79386c098060e42b82e2e0fe99d",
    "PairInput": "0b5c7f643b6c34bb543f0574788e780d6b6b2f9931ff2234a668aa67f034d2a1",
    "GroundedInput": "b31423c49ac55b0c19cf2438f57885b60552f966214f3657364de556b49d80b6",
    "Snapshot": "69d2ff7cadea5fe82de41ef1c427934a57b4861ef73e98147cafbfe4e99775c2",
}
# One of them in the open, so that a difference can be read.
SPEC_BYTES = (
    "0a126b6e6f776c656467652e67656e657261746510ac021a40"
    + "6566" * 32
    + "220c6f72672f6d6f64656c2d37622a1509666666666666e63f11666666666666ee3f188010"
)


@pytest.mark.parametrize("name", HASHED)
def test_the_bytes_of_hashed_messages_are_frozen(name):
    assert sha256_hex(message_bytes(HASHED[name])) == FROZEN[name]


def test_a_spec_reads_as_ever():
    assert message_bytes(HASHED["StepSpec"]).hex() == SPEC_BYTES


@pytest.mark.parametrize("name", HASHED)
def test_what_was_read_back_has_the_same_bytes(name):
    data = message_bytes(HASHED[name])
    assert message_bytes(type(HASHED[name]).FromString(data)) == data


@pytest.mark.parametrize("name", HASHED)
def test_no_hashed_message_holds_a_map(name):
    waiting: list[Any] = [HASHED[name].DESCRIPTOR]
    while waiting:
        for field in waiting.pop().fields:
            if field.message_type:
                assert not field.message_type.GetOptions().map_entry, field.full_name
                waiting.append(field.message_type)


@pytest.mark.parametrize("package", ["judge", "knowledge", "skills"])
def test_every_input_of_a_step_is_among_them(package):
    module = import_module(f"seedbed.{package}.v1.steps_pb2")
    inputs = {name for name in module.DESCRIPTOR.message_types_by_name if name.endswith("Input")}
    assert inputs <= set(HASHED)


def test_every_field_of_theirs_is_filled():
    for name, message in HASHED.items():
        if " " not in name:
            assert len(message.ListFields()) == len(message.DESCRIPTOR.fields), name


def test_text_is_hashed_as_utf8():
    assert sha256_hex("씨앗") == sha256_hex("씨앗".encode())
    assert sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("path", ["a", "knowledge/예술/정악", "with spaces/and.dots/*/>"])
def test_a_leaf_token_stands_in_any_subject(path):
    token = leaf_token(path)
    assert len(token) == 16
    assert set(token) <= set("0123456789abcdef")


def test_canonical_json_knows_no_order_and_no_escapes():
    assert canonical_json({"b": [1.0, True, None], "a": "씨"}) == '{"a":"씨","b":[1.0,true,null]}'.encode()
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2, "a": 1})
