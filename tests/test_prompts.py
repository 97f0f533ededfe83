"""What models are asked stays as it is, to the letter, until somebody means to change it."""

import seedbed.evaluator.exams.steps
import seedbed.judge.steps
import seedbed.knowledge.steps
import seedbed.skills.steps
from seedbed.kernel.endpoint.prompt import Prompt

MODULES = (seedbed.knowledge.steps, seedbed.skills.steps, seedbed.judge.steps, seedbed.evaluator.exams.steps)
HASHES = {
    "augment": "42077a046db4cbac",
    "retell": "759daec0e78c90a8",
    "generate": "a4bb671a1845afa7",
    "context": "ad2a5bfa3edec36b",
    "instruct": "00d93ea50da49856",
    "respond": "e1ce3c66e7d28d71",
    "instruction": "e777168e16b48a96",
    "pair": "cf4592861d34697d",
    "grounded": "87c45313f7de74ed",
    "question": "a759a8e6d38311c5",
    "rate": "cd76fd8dbb91d816",
}


def test_no_prompt_and_no_word_of_a_replys_schema_changed_by_the_way():
    """A reply's docstring is in its schema. Whatever changes a hash has all that was recorded asked again."""
    classes = [found for module in MODULES for found in vars(module).values() if isinstance(found, type)]
    prompts = [one for found in classes for one in vars(found).values() if isinstance(one, Prompt)]
    assert {one.name: one.hash[:16] for one in prompts} == HASHES
