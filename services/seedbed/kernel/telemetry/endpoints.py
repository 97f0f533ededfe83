"""How the endpoints stand: their limits, what of them is this process's, whether they are waited for."""

from collections.abc import Callable, Iterator, Mapping

from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.telemetry import metrics
from seedbed.kernel.telemetry.chat import server_address
from seedbed.kernel.telemetry.meters import Observation, Observed
from seedbed.kernel.work.step_runner import Model

_OBSERVED: list[tuple[Observed, Callable[[Permits], float]]] = [
    (Observed(metrics.ENDPOINT_LIMIT), lambda permits: permits.limit),
    (Observed(metrics.ENDPOINT_GRANTED), lambda permits: permits.granted),
    (Observed(metrics.ENDPOINT_USED), lambda permits: permits.in_use),
    (Observed(metrics.ENDPOINT_PAUSED), lambda permits: float(bool(permits.paused))),
]


def observe_endpoints(models: Mapping[str, Model]) -> None:
    """Observe the endpoints of these models, by role; those that come later, too."""
    for observed, look in _OBSERVED:
        observed.observe(_observer(models, look))


def _observer(
    models: Mapping[str, Model], look: Callable[[Permits], float]
) -> Callable[[], Iterator[Observation]]:
    def observe() -> Iterator[Observation]:
        for role, model in models.items():
            for endpoint in model.permits.endpoints:
                yield (server_address(endpoint.client.endpoint.url), role), look(endpoint.permits)

    return observe
