"""The metrics of trainings and evaluations, recorded from wherever they are at work."""

from seedbed.kernel.telemetry import metrics
from seedbed.kernel.telemetry.meters import Counter, Gauge

_loss = Gauge(metrics.TRAINING_LOSS)
_steps = Counter(metrics.TRAINING_STEPS)
_tokens = Counter(metrics.TRAINING_TOKENS)
_score = Gauge(metrics.EVALUATION_SCORE)
_gain = Gauge(metrics.EVALUATION_GAIN)


def record_step(phase: str, loss: float, tokens: int, steps: int = 1) -> None:
    """A phase has made so many optimizer steps, over so many tokens; the loss is that of the last."""
    _loss.set(loss, phase)
    _steps.add(steps, phase)
    _tokens.add(tokens, phase)


def record_score(of: str, measure: str, score: float, gain: float) -> None:
    """A kind of leaf was examined: how the tuned student did, and what it has gained on its base."""
    _score.set(score, of, measure)
    _gain.set(gain, of, measure)
