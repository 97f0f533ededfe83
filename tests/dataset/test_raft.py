from seedbed.dataset.raft import ChunkShelf

CHUNKS = [f"chunk {number}" for number in range(9)]


def test_a_context_depends_on_the_sample_and_the_chunks_only():
    one, two = ChunkShelf(CHUNKS), ChunkShelf([*reversed(CHUNKS), *CHUNKS])
    for number in range(50):
        assert one.draw(f"s{number}", CHUNKS[0]) == two.draw(f"s{number}", CHUNKS[0])


def test_four_in_ten_contexts_hold_the_right_chunk_at_any_place():
    drawn = [ChunkShelf(CHUNKS).draw(f"s{number}", CHUNKS[0]) for number in range(2000)]
    assert all(len(set(context.documents)) == 4 for context in drawn)
    assert all(context.golden == (CHUNKS[0] in context.documents) for context in drawn)
    golden = [context for context in drawn if context.golden]
    assert 0.36 < len(golden) / len(drawn) < 0.44
    assert {context.documents.index(CHUNKS[0]) for context in golden} == {0, 1, 2, 3}
    assert {chunk for context in drawn for chunk in context.documents} == set(CHUNKS)


def test_fewer_chunks_make_a_smaller_context():
    for size in (2, 3, 4):
        shelf = ChunkShelf(CHUNKS[:size])
        for number in range(50):
            context = shelf.draw(f"s{number}", CHUNKS[0])
            assert len(context.documents) == (size if context.golden else size - 1)


def test_a_single_chunk_is_always_shown():
    for number in range(20):
        context = ChunkShelf(CHUNKS[:1]).draw(f"s{number}", CHUNKS[0])
        assert context.documents == (CHUNKS[0],)
        assert context.golden


def test_documents_stand_in_blocks():
    text = ChunkShelf(CHUNKS[:1]).draw("s", CHUNKS[0]).text
    assert text == "Document:\nchunk 0"
