"""What the action lets nobody do: a workspace, values of inputs, and what a server says."""

from __future__ import annotations

import json

import pytest
from kit.act import quoted
from kit.act_jobs import FAILED, INPUTS, Job, Runner, Use, sh
from kit.gitlab_server import GitLab
from kit.policies import GOOD
from kit.reports import CODES, HOSTILE, OUTPUTS, hostile_answers

pytestmark = pytest.mark.slow


def test_the_token_is_in_the_environment_of_the_checking_step_only_and_in_no_argument(
    either: Runner,
) -> None:
    job = either(either.step("used", scopes="api"), sh("env; true", id="after"))
    assert job["used"].outputs["ok"] == "true"
    records = either.spy.records
    uv = {"uv"} if (either.bin / "uv").exists() else set()
    assert {record.program for record in records} == {"bash", "python"} | uv
    holding = [one for one in records if any(GOOD in value for value in one.environ.values())]
    # The shell of the step, and the interpreter that it starts.
    assert sorted(record.program for record in holding) == ["bash", "python"]
    assert not any(GOOD in word for record in records for word in record.argv)
    assert not any("install" in record.argv for record in holding)
    assert GOOD not in job.output("after") + job.log


# A workspace that nobody should trust

PROGRAMS = ("uv", "pip", "python", "python3", "py", "bash", "env", "mktemp")
MODULES = (
    "requests", "yaml", "json", "sitecustomize", "usercustomize", "pip", "re", "typing", "argparse",
    "certifi", "urllib3", "idna", "charset_normalizer", "encodings", "tempfile", "subprocess",
    "shutil", "runpy", "pathlib", "glcheck/__init__", "glcheck/__main__", "action/install",
    "src/glcheck/__init__",
)  # fmt: skip


def hostile_modules(runner: Runner) -> dict[str, str]:
    """Return files that want to be imported, and then leave a mark."""
    mark = str(runner.out / "ran-")
    code = f"open({mark!r} + __name__, 'w').close()\nraise SystemExit(0)\n"
    return {f"{name}.py": code for name in MODULES}


def hostile_files(runner: Runner, evil: str) -> dict[str, str]:
    """Return files that want to be executed or obeyed."""
    shell = f'#!/bin/sh\ntouch "{runner.out}/ran-$(basename "$0")"\nexit 0\n'
    uv = f'index-url = "{evil}"\nno-index = true\n'
    project = "[project]\nname = 'x'\nversion = '1'\nrequires-python = '<3'\n"
    env = ("GLCHECK_SCOPES=sudo", f"PIP_INDEX_URL={evil}", f"UV_INDEX_URL={evil}")
    return {
        **dict.fromkeys(PROGRAMS, shell),
        "pip.conf": f"[global]\nindex-url = {evil}\nno-index = true\ntarget = here\n",
        ".config/pip/pip.conf": f"[global]\nindex-url = {evil}\n",
        "setup.cfg": "[install]\nprefix = here\n",
        "requirements.txt": "evil==1.0\n",
        "constraints.txt": "requests==0.0.1\n",
        "uv.toml": uv,
        "pyproject.toml": f"{project}[tool.uv]\n{uv}",
        ".python-version": "2.7\n",
        ".glcheck.yml": f"version: 1\nurl: {evil}\nscopes: [sudo]\n",
        ".glcheck.yaml": "version: 1\nscopes: [sudo]\n",
        ".netrc": "machine 127.0.0.1 login evil password evil\n",
        ".env": "\n".join((*env, "GITLAB_TOKEN=evil", "")),
        ".gitignore": "__pycache__/\n*.pyc\n*.egg-info/\nhere/\n",
    }


def test_nothing_in_the_workspace_is_run_or_obeyed_and_nothing_is_written_there(
    either: Runner,
) -> None:
    either.env["NETRC"] = ".netrc"
    # A shim as pyenv puts on the PATH obeys the file of the directory that it is called in.
    shim = '[ ! -f .python-version ] || { touch "$OUT/ran-shim"; exit 127; }'
    python = either.directory / "python" / "bin"
    for name in ("python3", "python"):
        either.add(name, shim, f'exec {quoted(python / name)} "$@"')
    listing = r"find . -path ./.git -prune -o -printf '%p %s %T@\n' | sort"
    state = f"git status --porcelain --ignored; {listing}"
    with GitLab() as evil:
        either.write(hostile_modules(either) | hostile_files(either, f"{evil.url}/simple/"))
        for name in PROGRAMS:
            (either.workspace / name).chmod(0o755)
        job = either(
            sh(state, id="before"),
            either.step("one", scopes="api"),
            either.step("two", scopes="api", project="group/app"),
            either.step("lost", token=""),
            sh(state, id="later"),
        )
        assert evil.requests == []
    job["one"].ends("ok")
    job["two"].ends("ok")
    job["lost"].ends("token-missing")
    assert job.output("before") == job.output("later")
    assert "./glcheck-action/action.yml" in job.output("later")
    assert job.ran() == []
    sent = {request.headers.get("authorization") for request in either.gitlab.requests}
    assert sent <= {None, f"Bearer {GOOD}"}
    if (either.bin / "uv").exists():
        assert either.spy.installers == ["uv"]


def test_a_search_path_that_leads_into_the_workspace_is_not_obeyed(runner: Runner) -> None:
    runner.write(hostile_modules(runner))
    variables = {"PYTHONPATH": ".", "PYTHONSTARTUP": "./requests.py", "PYTHONUSERBASE": "."}
    job = runner(runner.step("used", scopes="api"), job_env=variables)
    job["used"].ends("ok")
    assert job.ran() == []


# Values that want to be something else

# {} would create a file; the others would be a command to the runner.
PAYLOADS = (
    "$({})", "`{}`", '"; {}; "', "'; {}; '", "x\n{}\n", "x & {} &", "| {}", "a[$({})]",
    "${{IFS}}$({})",
    "__import__('os').system('{}')", "-c__import__('os').system('{}')", "--help", "--version", "-",
    "${{{{ secrets.TOKEN }}}}${{{{ github.token }}}}", "x\n::error::pwn\n::add-mask::glcheck\n",
    "x\r::error::pwn", "%0A::set-output name=ok::true", "##[error]pwn ##[add-mask]glcheck",
    "::stop-commands::pwn", "x\nok=true\ncategory=ok\n", "ok<<EOF\ntrue\nEOF\n", "* ? ~ !! \\ \t",
    "\N{SNOWMAN}\u2028::error::pwn",
)  # fmt: skip
AT_ONCE = "$({0})`{0}`\"; {0}; \"'; {0}; '\n::error::pwn\n##[error]pwn"


def attacks(runner: Runner, *texts: str) -> list[str]:
    """Return texts that would leave a mark if they were no mere values."""
    return [text.format(f"touch {runner.out}/ran-text") for text in texts]


def check_harmless(job: Job, step: str) -> None:
    """Check that a use did not do what a text in its inputs asked for."""
    used = job[step]
    failed = used.outcome == FAILED
    assert job.ran() == [], step
    assert set(used.outputs) == OUTPUTS, step
    assert used.outputs["ok"] == ("false" if failed else "true"), step
    assert used.outputs["category"] in CODES, (step, used.log)
    assert str(CODES[used.outputs["category"]]) == used.outputs["exit-code"], step
    names = [command.name for command in used.commands]
    assert names.count("error") == failed, (step, used.log)
    assert set(names) <= {"error", "warning"}, step
    assert {command.properties["title"] for command in used.commands} <= set(CODES), step


@pytest.mark.parametrize("half", [0, 1])
def test_a_text_in_all_inputs_is_a_value_and_nothing_else(runner: Runner, half: int) -> None:
    texts = attacks(runner, *PAYLOADS[half::2])
    most = INPUTS - {"python", "output"}
    steps = [Use(f"all{n}", dict.fromkeys(most, text)) for n, text in enumerate(texts)]
    pythons = [runner.step(f"python{n}", python=text) for n, text in enumerate(texts)]
    job = runner(*steps, *pythons)
    for step in (*steps, *pythons):
        check_harmless(job, step.id)
    for step in pythons:
        assert "python" in job[step.id].ends("usage-error").error.data
    assert runner.gitlab.requests == []


def test_a_text_in_a_single_input_is_a_value_and_nothing_else(runner: Runner) -> None:
    (text,) = attacks(runner, AT_ONCE)
    names = sorted(INPUTS - {"python"})
    good = {**runner.good, "scopes": "api"}
    steps = [Use(name.replace("-", "_"), {**good, name: text}) for name in names]
    job = runner(*steps)
    for step in steps:
        check_harmless(job, step.id)
    assert {step.id for step in steps if job[step.id].outcome == "success"} <= {"output"}


def test_a_secret_in_the_wrong_input_is_not_repeated(runner: Runner) -> None:
    job = runner(
        Use("all", dict.fromkeys(INPUTS - {"token", "python", "output"}, GOOD)),
        runner.step("python", python=GOOD),
        runner.step("path", python=f"./{GOOD}/python"),
    )
    for step in ("all", "python", "path"):
        used = job[step]
        assert (used.outcome, used.outputs["ok"]) == (FAILED, "false")
        assert GOOD not in used.log + used.summary + json.dumps([used.outputs, used.report]), step
    assert GOOD not in job.log


def test_what_a_server_says_is_no_command_no_output_and_no_markup(runner: Runner) -> None:
    answers = [answer for text in HOSTILE[::6] for answer in list(hostile_answers(text))[:5]]
    for number, answer in enumerate(answers):
        runner.gitlab.always(answer, f"/answer{number}/")
    urls = [f"{runner.gitlab.url}/answer{number}" for number in range(len(answers))]
    steps = [runner.step(f"s{n}", url=url, scopes="api") for n, url in enumerate(urls)]
    job = runner(*steps)
    for step in steps:
        check_harmless(job, step.id)
    assert len({job[step.id].outputs["category"] for step in steps}) > 2
