"""All units of the proof, one after the other, and the table over them: `make proof DATA=… STUDENT=…`.

Units whose figures are there are not done again, so that the table fills over days.
"""

import argparse

from benchmarks.proof.conditions import CONDITIONS
from benchmarks.proof.table import describe, group, read_units
from benchmarks.proof.unit import add_options, make_order, run_unit

SMALL = {"passages": 6, "tokens": 20_000, "seeds": "1"}
"""The whole way, for a look: it proves nothing."""


def main() -> None:
    """Do what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--recipes", default=",".join(CONDITIONS), help="parted by commas")
    parser.add_argument("--seeds", default="1,2,3", help="parted by commas")
    parser.add_argument("--size", choices=("small", "full"), default="full")
    asked = parser.parse_args()
    if asked.size == "small":
        vars(asked).update(SMALL)
    for seed in asked.seeds.split(","):
        for recipe in asked.recipes.split(","):
            print(run_unit(make_order(asked, recipe, int(seed))), flush=True)
    for base, units in group(read_units(asked.out)).values():
        print(*describe(base, units), sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
