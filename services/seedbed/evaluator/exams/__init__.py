"""What is asked: held-out questions and instructions, general and standard benchmarks."""
