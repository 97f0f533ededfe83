"""Runs the command: `seedbed …`, or `python -m seedbed.cli …`."""

from seedbed.cli.app import app


def main() -> None:
    """Read the arguments, do what they ask, and leave with the exit status."""
    app(prog_name="seedbed")


if __name__ == "__main__":
    main()
