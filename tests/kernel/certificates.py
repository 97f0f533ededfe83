"""Certificates made for a test: an authority, and what it signs, as files that settings name."""

from pathlib import Path

import trustme

from seedbed.kernel.settings import Settings


class Authority:
    """Signs for names of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        folder.mkdir()
        self._authority.cert_pem.write_to_path(folder / "ca.pem")

    @property
    def ca(self) -> str:
        return str(self._folder / "ca.pem")

    def sign(self, *names: str) -> tuple[str, str]:
        """Files of a certificate and its key."""
        made = self._authority.issue_cert(*names)
        cert, key = self._folder / f"{names[0]}.pem", self._folder / f"{names[0]}.key"
        cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        return str(cert), str(key)

    def settings(self, *, mutual: bool = False) -> Settings:
        """Of a service that shows a certificate for this machine."""
        cert, key = self.sign("localhost", "127.0.0.1")
        asked = self.ca if mutual else ""
        return Settings(tls_cert=cert, tls_key=key, tls_ca=self.ca, tls_client_ca=asked)
