"""The stack of one machine: its programs, ports, state folder, broker and model servers."""
