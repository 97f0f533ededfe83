"""The `seedbed` command: the stack of one machine, and a window on any stack."""
