"""The broker of one machine: its server, its users and what they may do, its health."""
