"""Fetch what the tests run against into the user's cache, but for vLLM, which is large.

What cannot be had here is named and its tests are skipped; in CI that is a failure.
"""

import os
import sys
from collections.abc import Callable

from tests.servers import ceph, chromium, packages, prometheus
from tests.servers.unavailable import Unavailable

_FETCH: dict[str, Callable[[], object]] = {
    "the S3 server": ceph.fetch,
    "Prometheus": prometheus.fetch,
    "a browser": chromium.fetch,
    "what deploy/ is checked with": packages.fetch,
}


def main() -> int:
    """Fetch each that is missing. Returns the exit status."""
    missing = 0
    for name, fetch in _FETCH.items():
        try:
            fetch()
        except Unavailable as error:
            missing += 1
            print(f"its tests are skipped, as {name} cannot be had here: {error}", file=sys.stderr)
    return 1 if missing and os.environ.get("CI", "") not in ("", "0", "false") else 0


if __name__ == "__main__":
    sys.exit(main())
