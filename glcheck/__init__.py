"""glcheck tells, before a pipeline starts, whether its tokens will work to the end.

`check` is the whole Python interface: it takes the settings of the command and returns the
`Report`.
"""

from __future__ import annotations

from glcheck.version import __version__ as __version__

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is to a type checker, without importing typing
if TYPE_CHECKING:
    from glcheck.api import check as check
    from glcheck.report import Report as Report

__all__ = ["Report", "__version__", "check"]


def __getattr__(name: str) -> object:
    """Import the interface at its first use, so that `glcheck --version` loads none of it."""
    if name == "check":
        from glcheck.api import check

        return check
    if name == "Report":
        from glcheck.report import Report

        return Report
    raise AttributeError(f"module 'glcheck' has no attribute {name!r}")
