"""Jobs: the steps that come of no leaf, few and long, by the names of their queues. Pure."""

TRAINING_PHASE = "trainer.phase"
EVALUATION = "evaluator.score"
