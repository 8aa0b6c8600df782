"""The kind that a token's prefix or form tells, before anything is sent."""

from __future__ import annotations

import pytest

from glcheck.providers.gitlab.shapes import shape_of

BODY, HEX = "3fZ1p5y4XWcCvMGVlfak", "0123456789abcdef" * 4
UNCHECKABLE = {
    "gldt-": "deploy token", "glrt-": "runner authentication token",
    "glrtr-": "runner registration token", "GR1348941": "runner registration token",
    "glptt-": "pipeline trigger token", "glft-": "feed token", "glimt-": "incoming mail token",
    "glagent-": "Kubernetes agent token", "glsoat-": "SCIM token", "glwt-": "workspace token",
    "glffct-": "feature flags client token", "gloas-": "OAuth application secret",
}  # fmt: skip
FORMS = {f"{own}{head}{BODY}": what for own in ("", "acme-") for head, what in UNCHECKABLE.items()}
OTHERS = (f"glnew-{BODY}", BODY, HEX.upper(), f"{HEX}0", HEX[:-1], f"{'a' * 21}-glcbt-{BODY}")
SHAPES = [
    *((form, "access-token", what) for form, what in FORMS.items()),
    *((form, "access-token", None) for form in (f"glpat-{BODY}", f"acme-glpat-{BODY}", *OTHERS)),
    *((form, "job", None) for form in (f"glcbt-{BODY}", f"acme-glcbt-{BODY}")),
    (HEX, "oauth", None),
]


@pytest.mark.parametrize(("secret", "kind", "uncheckable"), SHAPES)
def test_the_form_of_a_token_tells(secret: str, kind: str, uncheckable: str | None) -> None:
    shape = shape_of(secret)
    assert (shape.kind, shape.uncheckable) == (kind, uncheckable)
