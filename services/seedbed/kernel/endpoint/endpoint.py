"""Where a model answers, and what is sent there whatever is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from seedbed.kernel.endpoint.openai.dialect import Dialect
from seedbed.kernel.identity import canonical_json

_AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
# What a header that holds a secret is called.
_NAMES_OF_SECRETS = ("auth", "key", "token", "secret", "cookie", "signature")

# In characters; a shorter key may be a word that a model writes: "none", "ollama", "lm-studio".
_NO_WORD = 12


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers. `context` is its window in tokens, `timeout` in seconds."""

    url: str
    model: str
    api_key: str = field(default="", repr=False)
    context: int = 32768
    timeout: float = 120
    dialect: Dialect = "openai"
    priority: int = 0
    """Sent where it is not 0."""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Added to every request; None takes one away."""
    more_headers: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)

    @property
    def added(self) -> str:
        """The parameters that are added, as a digest holds them."""
        return added_parameters(self.parameters)

    def headers(self) -> dict[str, str]:
        """The headers of every request, the key among them."""
        if not self.api_key:
            return dict(self.more_headers)
        own = (
            ("api-key", self.api_key) if _is_azure(self.url) else ("Authorization", f"Bearer {self.api_key}")
        )
        given = {name.lower() for name in self.more_headers}
        return {**({} if own[0].lower() in given else dict([own])), **self.more_headers}

    def secrets(self) -> list[str]:
        """What must never be logged or shown: keys, and headers that may hold one."""
        hidden = [
            value.rpartition(" ")[2]
            for name, value in self.more_headers.items()
            if any(word in name.lower() for word in _NAMES_OF_SECRETS)
        ]
        return [secret for secret in (self.api_key, *hidden) if secret]

    def hide_secrets(self, data: bytes) -> bytes:
        """What an endpoint says of an error, fit to be shown: some repeat the key that they refuse."""
        return self._hide(data, shortest=1)

    def hide_secrets_in_reply(self, data: bytes) -> bytes:
        """A reply, fit to be kept; a key that may be a word stays, as it is a word there."""
        return self._hide(data, shortest=_NO_WORD)

    def _hide(self, data: bytes, shortest: int) -> bytes:
        for secret in self.secrets():
            if len(secret) >= shortest:
                data = data.replace(secret.encode(), b"***")
        return data


def added_parameters(parameters: Mapping[str, Any]) -> str:
    """The parameters that are added, as a digest holds them; "" for none. What is taken away is none."""
    added = {name: value for name, value in parameters.items() if value is not None}
    return canonical_json(added).decode() if added else ""


def _is_azure(url: str) -> bool:
    """Whether it is of the service that takes keys in a header of its own."""
    parts = urlsplit(url)
    return (parts.hostname or "").endswith(_AZURE) or "api-version" in parse_qs(parts.query)
