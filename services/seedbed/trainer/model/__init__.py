"""The student: its weights, adapters, attention and loss, on a CPU or a GPU."""
