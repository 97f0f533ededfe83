"""Which processes of a table are still alive, by their beats."""

from seedbed.kernel.endpoint.limits.allocation import Holder


class Liveness:
    """What one process remembers of the others' beats."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def living(self, holders: dict[str, Holder], own: str, now: int, most: float) -> dict[str, Holder]:
        """Those that have moved within `most` beats of our own; `now` is how many there were."""
        # In beats of our own since theirs last moved: no clocks are compared, and an outage ages nobody.
        living = {}
        for name, holder in holders.items():
            beat, since = self._seen.get(name, (-1, now))
            if beat != holder.beat:
                beat, since = holder.beat, now
            self._seen[name] = (beat, since)
            if name == own or now - since < most:
                living[name] = holder
        return living
