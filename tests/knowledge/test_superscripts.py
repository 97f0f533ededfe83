import pytest

from seedbed.knowledge.documents.superscripts import Level, Piece, join_levels

_LEVELS = {"^": Level.RAISED, "_": Level.LOWERED}


def line(*pieces: str) -> str:
    """A line out of pieces; those that begin with ^ or _ are raised or lowered."""
    return join_levels(Piece(p[1:], _LEVELS[p[0]]) if p[:1] in _LEVELS else Piece(p) for p in pieces)


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (["6.022 × 10", "^23", " per mole"], "6.022 × 10^23 per mole"),
        (["10", "^2", "^3"], "10^23"),
        (["10", "^2", "", "^3"], "10^23"),
        (["10", "^−23"], "10^−23"),
        (["35 m", "^2", "."], "35 m^2."),
        (["10", "^2", "3"], "10^{2}3"),
        (["e", "^x+1"], "e^{x+1}"),
        (["2", "^n"], "2^n"),
        (["Ca", "^2+"], "Ca^2+"),
        (["the flow", "^1", " is"], "the flow^1 is"),
        (["the flow", "^[1]", " is"], "the flow[1] is"),
        (["price 15", "^1"], "price 15^1"),
        (["price 15", "^*"], "price 15^*"),
        (["10", "^ 6 ", "times"], "10^6 times"),
        (["", "^14", "C"], "^{14}C"),
    ],
)
def test_what_is_raised_never_fuses_with_its_base(pieces: list[str], wanted: str):
    assert line(*pieces) == wanted


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (["the 1", "^st", " of May"], "the 1st of May"),
        (["the 22", "^ND", " day"], "the 22ND day"),
        (["le 1", "^er", " mai"], "le 1er mai"),
        (["le XIX", "^e", " siècle"], "le XIXe siècle"),
        (["Seedbed", "^TM", " is"], "Seedbed™ is"),
        (["Seedbed", "^®"], "Seedbed®"),
    ],
)
def test_ordinals_and_trade_marks_stay_as_one_writes_them(pieces: list[str], wanted: str):
    assert line(*pieces) == wanted


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (["H", "_2", "O"], "H2O"),
        (["C", "_6", "H", "_12", "O", "_6"], "C6H12O6"),
        (["Ca(OH)", "_2"], "Ca(OH)2"),
        (["Na", "_2", "SO", "_4"], "Na2SO4"),
        (["SO", "_4", "^2−"], "SO4^2−"),
        (["log", "_2", " 8"], "log_2 8"),
        (["log", "_2", "8"], "log_{2}8"),
        (["1011", "_2", " = 11", "_10"], "1011_2 = 11_10"),
        (["CO", "_2", "2"], "CO_{2}2"),
        (["x", "_1", " and x", "_i+1"], "x_1 and x_{i+1}"),
        (["V", "_max"], "V_max"),
    ],
)
def test_what_is_lowered_is_an_index_or_a_count_of_atoms(pieces: list[str], wanted: str):
    assert line(*pieces) == wanted


def test_a_line_of_very_many_pieces_takes_no_long_time():
    assert len(line(*["10", "^2", " "] * 100_000)) == 500_000
