"""The component's inputs: those of the wrong kind are refused, and none is anything to a shell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kit.act import once
from kit.component import FREE, HOSTILE, INPUTS, RELEASE, VARIABLES
from kit.gitlab_ci_local import REPORTS, Ran, Runner, Use, at, pipeline
from kit.gitlab_server import GitLab, Token
from kit.reports import CODES, VALIDATOR, value_for

pytestmark = pytest.mark.slow
MILD = HOSTILE.replace('"', "").replace("\\", "")  # what the name of a job may be
ROLES = ("guest", "planner", "reporter", "security-manager", "developer", "maintainer", "owner")

# Inputs that are not what they should be

REFUSED: dict[str, tuple[str, object]] = {
    "a number": ("scopes", 5),
    "a list": ("scopes", ["api"]),
    "a bare number of days": ("min-validity", 14),
    "a boolean": ("allow", True),
    "an unknown role": ("role", "boss"),
    "a variable in place of its name": ("token-env", "$GITLAB_TOKEN"),
    "a token": ("token-env", value_for("refused")),
    "a script": ("token-env", "$(touch PWNED)"),
    "two lines of scopes": ("scopes", "api\nread_user"),
    "two lines of forbidden scopes": ("forbid-scopes", "api\nread_user"),
    "two lines of categories": ("allow", "expires-soon\nscope-missing"),
    "two lines of a name": ("job-name", "check\ntoken"),
    "a quote in a name": ("job-name", 'check"token'),
    "no name": ("job-name", ""),
}


@pytest.mark.parametrize(("name", "value"), REFUSED.values(), ids=REFUSED)
def test_an_input_of_the_wrong_kind_is_refused_before_anything_runs(
    refusing: Runner, name: str, value: object
) -> None:
    ran = refusing({"include": [{"local": "/templates/check.yml", "inputs": {name: value}}]})
    assert ran.code == 1, ran.printed
    reasons = "(not a string|allowed options|not match required regex)"
    assert re.search(rf"`{name}` input: .*{reasons}", ran.err, re.DOTALL)
    assert "starting" not in ran.out


def test_the_inputs_that_are_refused_are_the_only_fault(refusing: Runner) -> None:
    assert refusing(pipeline([Use("check-token", {})]), "--list-json").code == 0


def test_every_input_has_a_type_a_default_and_a_description() -> None:
    for name, entry in INPUTS.items():
        assert entry["type"] == "string", name
        assert isinstance(entry["default"], str), name
        assert len(entry["description"]) > 10, name
        assert entry["default"] in entry.get("options", [entry["default"]]), name
        assert re.search(entry.get("regex", ""), entry["default"]), name
    assert set(INPUTS) == {
        "scopes", "forbid-scopes", "min-validity", "warn-validity", "project", "group", "role",
        "config", "allow", "stage", "job-name", "image", "token-env", "requirement",
    }  # fmt: skip
    assert set(INPUTS["role"]["options"]) == {"", *ROLES}


# Inputs that mean something to a shell


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Ran:
    """A pipeline in which each input that takes any text is a shell script."""

    def make(directory: Path) -> None:
        runner = Runner(directory, client, programs)
        runner.add_glcheck()
        everything = {**dict.fromkeys(FREE, HOSTILE), "image": MILD, "stage": MILD}
        uses = [Use(name, {name: HOSTILE}) for name in FREE]
        uses += [Use("all", everything), Use(MILD, {})]
        with GitLab() as gitlab:
            gitlab.add(Token(RELEASE))
            flow = pipeline(uses, stages=[MILD], variables=at(gitlab))
            runner(flow, env={"GITLAB_TOKEN": RELEASE})

    return Ran(once(tmp_path_factory, "hostile", make))


@pytest.mark.parametrize("name", [*FREE, "all", MILD], ids=[*FREE, "all", "job-name"])
def test_an_input_that_is_a_script_ends_in_a_verdict_and_not_in_a_shell(
    hostile: Ran, name: str
) -> None:
    job = hostile[name]
    assert job.code in set(CODES.values()), job.log
    assert (job.code == 0) == (name in {"requirement", MILD}), job.log
    VALIDATOR.validate(job.report)
    assert job.call
    scripts = FREE if name == "all" else [name]
    for variable, of in VARIABLES.items():
        expected = HOSTILE if of in scripts else INPUTS[of]["default"]
        assert job.call.environ[variable] == expected
    assert [report for report in REPORTS if not (job.directory / report).is_file()] == []


def test_no_input_runs_anything(hostile: Ran) -> None:
    for place in (hostile.repository, hostile.directory / "home", hostile.temporary):
        assert [path for path in place.rglob("*") if path.name == "PWNED"] == []
