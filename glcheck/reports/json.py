"""The report as JSON."""

from __future__ import annotations

import json

from glcheck.report import Report


def json_text(report: Report) -> str:
    """The report as one JSON object (docs/schema/report-v1.json)."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
