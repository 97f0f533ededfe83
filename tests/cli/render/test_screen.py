from seedbed.cli.render.screen import Screen, wrap_words


def test_words_stay_whole_and_indents_stay():
    assert wrap_words("one two three", 8) == "one two\nthree"
    assert wrap_words("  Q: one two", 10) == "  Q: one\n  two"
    assert wrap_words("see /a/very/long/path now", 8) == "see\n/a/very/long/path\nnow"


def test_what_fits_is_left_as_it_is():
    text = "run  done\n\n  a: b"
    assert wrap_words(text, 80) == text


def test_nothing_that_others_wrote_acts_on_the_terminal(capsys):
    text = "fatal: \x1b[2J\x1b]0;title\x07 in \x9b1m `a\u00a0b` \udcff\nनमस्ते"
    Screen().fail(text)
    assert capsys.readouterr().err == (
        "fatal: \\x1b[2J\\x1b]0;title\\x07 in \\x9b1m `a\u00a0b` \\udcff\nनमस्ते\n"
    )
