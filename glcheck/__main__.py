"""`python -m glcheck`: the same command as `glcheck`."""

from __future__ import annotations

from glcheck.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
