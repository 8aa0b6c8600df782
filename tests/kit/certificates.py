"""Certificates of all sorts for servers on loopback, and the CA files that go with them."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """Server sides of TLS, and the authority that a client should trust."""

    ca_file: Path  # the authority of all but `other_ca`
    other_ca_file: Path
    good: ssl.SSLContext
    expired: ssl.SSLContext
    not_yet_valid: ssl.SSLContext
    wrong_host: ssl.SSLContext
    other_ca: ssl.SSLContext


def certificates(directory: Path) -> Certificates:
    """Write authorities into a directory and make a server context of every kind."""
    import trustme

    ours, other = trustme.CA(), trustme.CA()
    now = datetime.now(timezone.utc)
    here = ("localhost", "127.0.0.1")

    def context(
        authority: trustme.CA, *names: str, start: int = -1, end: int = 30
    ) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        begins, ends = now + timedelta(days=start), now + timedelta(days=end)
        authority.issue_cert(*names, not_before=begins, not_after=ends).configure_cert(made)
        return made

    ca_file, other_ca_file = directory / "ca.pem", directory / "other-ca.pem"
    ours.cert_pem.write_to_path(str(ca_file))
    other.cert_pem.write_to_path(str(other_ca_file))
    return Certificates(
        ca_file,
        other_ca_file,
        good=context(ours, *here),
        expired=context(ours, *here, start=-30, end=-1),
        not_yet_valid=context(ours, *here, start=1),
        wrong_host=context(ours, "gitlab.example.com"),
        other_ca=context(other, *here),
    )
