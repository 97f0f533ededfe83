from seedbed.kernel.identity import message_bytes
from seedbed.runs.storage.snapshots import AT_HAND, Snapshots
from tests.runs.leaves import skill_leaf, snapshot_of


async def test_a_few_snapshots_are_at_hand_and_the_others_are_found_again(store):
    leaves = [skill_leaf(f"compositional_skills/{number}") for number in range(AT_HAND + 2)]
    snapshots, digests = Snapshots(store), []
    for leaf in leaves:
        digest, snapshot = snapshot_of(leaf)
        await store.put(f"snapshots/{digest}", message_bytes(snapshot))
        await snapshots.load(digest)
        digests.append(digest)
    assert len(snapshots._leaves) == AT_HAND
    for leaf, digest in zip(leaves, digests, strict=True):
        assert await snapshots.leaf(digest, leaf.path) == leaf
    assert len(snapshots._leaves) == AT_HAND
