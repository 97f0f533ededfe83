"""What the field's systems came to, measured elsewhere with a mock teacher of the same kind on 2 cores."""

PEERS = ("sdg_hub 0.9.4", "Data Designer 0.9.6", "curator 0.1.31", "distilabel 1.5.3", "datatrove 0.10.1")

SHARE = ("41 %", "55 %", "83 %", "46 %", "84 %")
RATE = ("415", "294", "677", "441", "1,539")
KILL = ("400", "2,008", "53", "never recovers", "96")
EDIT = ("2 / 501, stale row kept", "0 / 500, stale", "1,000 / 500", "0 / 500, stale", "0 / 500, stale")
AGAIN = ("repeats all, doubles rows", "0", "0", "0", "0")
REFUSED = ("43.2 s", "35.8 s", "149.9 s", "65.7 s", "dies")
BAD_ROW = ("aborts", "survives", "aborts", "survives", "aborts")

FOOTNOTE = (
    "The field's figures were measured elsewhere, not in this run: on 2 cores, with a mock teacher of the "
    "same kind on the same machine, 100 ms a call, two dependent calls a row. There, a bare client made "
    "2,217 calls a second at 256 at once; the kill was half-way; the edit was of 1 of 500 rows (calls / rows "
    "afterwards); 2,000 calls to the endpoint that takes 16 at once are 12.5 s at best."
)
