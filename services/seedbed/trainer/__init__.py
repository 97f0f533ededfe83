"""The trainer: phases, replay, checkpoints."""
