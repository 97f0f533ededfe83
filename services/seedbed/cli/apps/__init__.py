"""Commands and their options, by group. What a command does is loaded when it is asked for."""
