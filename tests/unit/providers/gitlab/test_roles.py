"""The levels of roles, and what a level between two of them is called."""

from __future__ import annotations

import pytest
from kit.judged import ROLES

from glcheck.providers.gitlab import roles

MINIMAL = "a member with minimal access"


@pytest.mark.parametrize(("role", "below"), list(zip(ROLES, [MINIMAL, *ROLES], strict=False)))
def test_a_level_is_called_by_the_nearest_role_below(role: str, below: str) -> None:
    names = [roles.name_of(ROLES[role] + step) for step in (-1, 0, 1)]
    assert names == [below, role, role]


def test_each_role_has_its_level_and_guest_is_the_lowest() -> None:
    assert (roles.LEVELS, roles.LOWEST, roles.name_of(0)) == (ROLES, 10, MINIMAL)
