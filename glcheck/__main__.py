"""`python -m glcheck`: the same command as `glcheck`."""

from __future__ import annotations

from glcheck.cli import entrance

if __name__ == "__main__":
    entrance()
