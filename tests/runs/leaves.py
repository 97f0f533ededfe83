"""Leaves, recipes and plans to run."""

from seedbed.bus.v1.bus_pb2 import Plan
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.domain.planning import make_plan
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, QuestionAndAnswer, SeedExample, Snapshot
from tests.runs.steps import STEPS


def knowledge_leaf(path: str = "knowledge/birds", documents: tuple[str, ...] = ("a.txt",), seeds: int = 2):
    """A knowledge leaf; a document's content is its name, and as many chunks come of it as `steps` says."""
    leaf = Leaf(path=path, kind="knowledge", branch="knowledge", domain="birds", document_outline="On birds")
    for number in range(seeds):
        pair = QuestionAndAnswer(question=f"What is number {number}?", answer=f"It is {number}.")
        leaf.seeds.add(context=f"context {number}", pairs=[pair])
    for name in documents:
        leaf.documents.append(Document(path=name, blob=sha256_hex(name), media_type="text/plain"))
    return finish(leaf)


def skill_leaf(path: str = "compositional_skills/verse", *, grounded: bool = False, seeds: int = 2):
    kind = "grounded_skill" if grounded else "freeform_skill"
    leaf = Leaf(path=path, kind=kind, branch="compositional_skills", task_description="Write verse.")
    for number in range(seeds):
        pair = QuestionAndAnswer(question=f"Write verse {number}.", answer=f"Verse {number}.")
        leaf.seeds.append(SeedExample(context=f"About {number}." if grounded else "", pairs=[pair]))
    return finish(leaf)


def finish(leaf: Leaf) -> Leaf:
    """The leaf under the digest of its content."""
    leaf.ClearField("digest")
    leaf.digest = sha256_hex(message_bytes(leaf))
    return leaf


def snapshot_of(*leaves: Leaf) -> tuple[str, Snapshot]:
    snapshot = Snapshot(leaves=sorted(leaves, key=lambda leaf: leaf.path))
    return sha256_hex(message_bytes(snapshot)), snapshot


def plan_of(*leaves: Leaf, recipe: Recipe | None = None) -> Plan:
    digest, snapshot = snapshot_of(*leaves)
    specs = [step.spec("") for step in STEPS]
    return make_plan(digest, snapshot, specs, recipe or Recipe(), [])


def known_plan(*leaves: Leaf, recipe: Recipe | None = None) -> KnownPlan:
    return KnownPlan.open(plan_of(*leaves, recipe=recipe))
