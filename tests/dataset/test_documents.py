import pytest

from seedbed.dataset.documents import Documents, hide_sign_in, normalise_licence
from tests.dataset.leaves import ATTRIBUTION, BIRDS, HAIKU, HANOK, make_leaf


def test_each_document_once_with_its_leaves():
    documents = Documents()
    for path in (BIRDS, HANOK, HAIKU):
        documents.add(make_leaf(path))
    found = list(documents)
    assert [leaves for _, leaves in found] in ([[BIRDS], [HANOK]], [[HANOK], [BIRDS]])
    assert {document.repo for document, _ in found} == {"https://example.org/docs.git"}
    assert {document.licence for document, _ in found} == {"CC-BY-SA-4.0"}
    assert {document.attribution for document, _ in found} == {ATTRIBUTION}
    assert documents.common_licence() == "cc-by-sa-4.0"


def test_no_document_has_no_licence():
    assert Documents().common_licence() == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC BY-SA 4.0", "cc-by-sa-4.0"),
        ("Apache License, Version 2.0", ""),
        ("Apache License 2.0", "apache-2.0"),
        ("MIT License", "mit"),
        ("CC0", "cc0-1.0"),
        ("ask us", ""),
        ("", ""),
    ],
)
def test_licences_by_the_hubs_name(text, name):
    assert normalise_licence(text) == name


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@host/x.git", "https://host/x.git"),
        ("https://secret@host/x.git", "https://host/x.git"),
        ("ssh://me:secret@host/x.git", "ssh://host/x.git"),
        ("ssh://git@host/x.git", "ssh://git@host/x.git"),
        ("git@host:x.git", "git@host:x.git"),
        ("https://host/a@b.git", "https://host/a@b.git"),
    ],
)
def test_what_signs_in_is_not_shown(address, shown):
    assert hide_sign_in(address) == shown
