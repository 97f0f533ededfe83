"""One message of each kind that goes into a digest, every field filled."""

from google.protobuf.message import Message

from seedbed.bus.v1.bus_pb2 import Sampling, StepSpec
from seedbed.judge.v1.steps_pb2 import GroundedInput, InstructionInput, PairInput
from seedbed.knowledge.v1.steps_pb2 import AugmentInput, ChunkInput, GenerateInput, RetellInput
from seedbed.skills.v1.steps_pb2 import ContextInput, InstructInput, RespondInput
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, QuestionAndAnswer, SeedExample, Snapshot

SEED = SeedExample(
    context="정악은 궁중에서 연주되었다.",
    pairs=[
        QuestionAndAnswer(question="Where?", answer="At court."),
        QuestionAndAnswer(question="어디에서?", answer="궁중에서."),
    ],
)
LEAF = Leaf(
    path="knowledge/arts/music",
    kind="knowledge",
    branch="knowledge",
    version=3,
    created_by="someone",
    task_description="about court music",
    domain="music",
    document_outline="court music",
    seeds=[SEED],
    documents=[
        Document(
            path="a/b.md",
            blob="ab" * 32,
            size=2**40,
            media_type="text/markdown",
            repo="https://example.org/r.git",
            commit="c0ffee",
            attribution="CC-BY",
        )
    ],
    digest="cd" * 32,
)
HASHED: dict[str, Message] = {
    "StepSpec": StepSpec(
        step="knowledge.generate",
        version=300,
        prompt="ef" * 32,
        model="org/model-7b",
        sampling=Sampling(temperature=0.7, top_p=0.95, max_tokens=2048),
    ),
    # An empty message within another is not the same as none.
    "StepSpec with default sampling": StepSpec(step="judge.pair", version=1, sampling=Sampling()),
    "StepSpec without sampling": StepSpec(step="knowledge.chunk", version=1),
    "ChunkInput": ChunkInput(
        blob="ab" * 32,
        media_type="application/pdf",
        max_tokens=400,
        first=100,
        path="a/b.pdf",
        document_outline="outline",
        domain="음악",
    ),
    "AugmentInput": AugmentInput(
        text="text",
        headings=["One", "Two"],
        augmentation="atomic_facts",
        document_outline="outline",
        domain="music",
    ),
    "RetellInput": RetellInput(
        text="text",
        headings=["One", "Two"],
        family="dialogue",
        view="a teacher",
        order="as it stands",
        document_outline="outline",
        domain="music",
    ),
    "GenerateInput": GenerateInput(
        source="facts",
        chunk="chunk",
        headings=["One", ""],
        seed=SEED,
        domain="music",
        document_outline="outline",
        form="short",
        pairs=3,
    ),
    "ContextInput": ContextInput(task_description="task", seed=SEED, instructions=5),
    "InstructInput": InstructInput(task_description="task", seed=SEED, context="context", instructions=5),
    "RespondInput": RespondInput(
        task_description="task", seed=SEED, context="context", instruction="Do it.", persona="precise"
    ),
    "InstructionInput": InstructionInput(task_description="task", context="context", instruction="Do it."),
    "PairInput": PairInput(
        task_description="task", context="context", instruction="Do it.", response="Done. 🌱"
    ),
    "GroundedInput": GroundedInput(document="document", question="Where?", answer="There.", domain="music"),
    "Snapshot": Snapshot(leaves=[LEAF]),
}
