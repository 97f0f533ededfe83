from seedbed.report.facts import Bill, Ends, LeafFacts
from seedbed.report.tree import grow


def leaf(path, accepted=1):
    return LeafFacts(path, "knowledge", 3, 1, "", Ends(accepted=accepted), Bill(), 0, 0)


def test_folders_sum_what_is_below_them():
    (knowledge,) = grow([leaf("knowledge/a/x"), leaf("knowledge/b/y", 2)]).branches
    assert (knowledge.name, knowledge.accepted, knowledge.target) == ("knowledge", 3, 6)
    assert [branch.name for branch in knowledge.branches] == ["a", "b"]


def test_folders_that_hold_one_folder_alone_are_one_with_it():
    (only,) = grow([leaf("knowledge/science/biology/x"), leaf("knowledge/science/biology/y")]).branches
    assert only.name == "knowledge/science/biology"
    assert [name for name, _ in only.leaves] == ["x", "y"]


def test_a_leaf_beside_a_folder_stays_where_it_is():
    (only,) = grow([leaf("k/x"), leaf("k/deep/y")]).branches
    assert only.name == "k"
    assert [name for name, _ in only.leaves] == ["x"]
    assert [branch.name for branch in only.branches] == ["deep"]
