"""The workflows and the recipes: linted as others lint them, and run for real by act."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kit.act import ACT, ACTION, BASH, ROOT, Index, copy_action, download, once, script
from kit.gitlab_server import GitLab, Token, in_days

from glcheck.problem import Category

pytestmark = pytest.mark.slow
GUIDE = ROOT / "docs" / "github-actions.md"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent
SERVE = ROOT / "tools" / "serve.py"
PLACEHOLDER = "owner/glcheck@v0"
TOKEN = "glpat-recipeAAAAAAAAAAAAAA"
OTHER = "glpat-recipeBBBBBBBBBBBBBB"


def run(
    command: Sequence[str | Path], cwd: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program with nothing around it but the tools of the tests."""
    env = {
        "PATH": f"{BIN}{os.pathsep}{os.defpath}",
        "HOME": str(cwd),
        "XDG_CACHE_HOME": str(cwd / ".cache"),
        **environ,
    }
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


# Linters


def zizmor(cwd: Path, *paths: Path, persona: str = "regular") -> str:
    """Return what zizmor finds, nothing if that is nothing."""
    done = run(
        [BIN / "zizmor", "--offline", "--quiet", "--no-progress", f"--persona={persona}", *paths],
        cwd,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def schema(cwd: Path, *paths: Path, of: str = "workflows") -> str:
    """Return what GitHub's schema of workflows, or of actions, has against them."""
    done = run([BIN / "check-jsonschema", "--builtin-schema", f"vendor.github-{of}", *paths], cwd)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def jactionlint(cwd: Path, *paths: Path) -> str:
    """Return what jactionlint finds; it runs shellcheck on scripts, and knows inputs and outputs of `./`."""
    done = run([BIN / "jactionlint", "--no-color", *paths], cwd)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


@pytest.mark.parametrize("persona", ["regular", "pedantic"])
def test_zizmor_finds_nothing(tmp_path: Path, persona: str) -> None:
    assert zizmor(tmp_path, ROOT / "action.yml", *WORKFLOWS, persona=persona) == ""


def test_the_workflows_are_valid_by_githubs_schema(tmp_path: Path) -> None:
    assert schema(tmp_path, *WORKFLOWS) == ""


def test_the_action_is_valid_by_githubs_schema(tmp_path: Path) -> None:
    assert schema(tmp_path, ROOT / "action.yml", of="actions") == ""


def test_jactionlint_finds_nothing() -> None:
    assert jactionlint(ROOT, *WORKFLOWS) == ""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflow:
    """What holds for each workflow."""

    def test_each_foreign_action_is_pinned_to_a_full_commit_and_says_its_version(
        self, path: Path
    ) -> None:
        assert [line for line in uses(path.read_text(encoding="utf-8")) if not pinned(line)] == []

    def test_nothing_is_permitted_but_to_single_jobs(self, path: Path) -> None:
        document = read(path.read_text(encoding="utf-8"))
        assert document["permissions"] == {}
        assert all(
            "permissions" in job and "timeout-minutes" in job for job in document["jobs"].values()
        )

    def test_a_checkout_leaves_no_credentials_behind(self, path: Path) -> None:
        checkouts = [
            step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")
        ]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)

    def test_no_expression_stands_in_a_script(self, path: Path) -> None:
        assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


def test_the_release_uses_no_cache() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "actions/cache" not in text
    assert re.findall(r"^ +enable-cache: (\w+)", text, re.MULTILINE) == ["false"]
    assert not re.search(r"^ +cache:", text, re.MULTILINE)


def test_an_action_is_pinned_to_the_same_commit_everywhere() -> None:
    found: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, GUIDE):
        for line in uses(path.read_text(encoding="utf-8")):
            name, _, commit = line.partition("@")
            if not line.startswith("./") and line != PLACEHOLDER:
                found.setdefault(name, set()).add(commit)
    assert {"actions/checkout", "pypa/gh-action-pypi-publish"} <= found.keys()
    assert [name for name, commits in found.items() if len(commits) > 1] == []


def read(text: str) -> dict[str, Any]:
    """Read a workflow."""
    document = yaml.safe_load(text)
    assert isinstance(document, dict)
    # YAML 1.1 takes `on` for a truth.
    return {"on" if key is True else key: value for key, value in document.items()}


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of all jobs of a workflow."""
    jobs = read(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def uses(text: str) -> list[str]:
    """Return what stands behind each `uses:`, comments included."""
    return re.findall(r"^[ -]*uses: *(.*)$", text, re.MULTILINE)


def pinned(line: str) -> bool:
    """Tell whether a `uses:` names a full commit with its version, or this very repository."""
    local = re.fullmatch(r"\./( # .*)?", line)
    return bool(local or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line))


# Recipes


class Snippet(NamedTuple):
    """A piece of a workflow in the documentation."""

    name: str
    text: str  # a whole workflow

    def using(self, action: str) -> str:
        """Return the workflow with another action in place of the placeholder."""
        return self.text.replace(PLACEHOLDER, action)


WRAPPER = """\
name: Snippet
on: [push]
permissions: {}
concurrency:
  group: snippet
  cancel-in-progress: true
jobs:
  job:
    name: Job
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read
"""


def snippets(path: Path) -> Iterator[Snippet]:
    """Find the workflows in a page; what is only a part of one is made whole."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        document, block = yaml.safe_load(found[1]), found[1]
        name = f"{path.stem}-{text.count(chr(10), 0, found.start()) + 1}"
        if isinstance(document, list):
            document, block = {"steps": document}, "steps:\n" + _indented(block, 2)
        if "jobs" in document:
            yield Snippet(name, block)
        elif "steps" in document:
            yield Snippet(name, WRAPPER + _indented(block, 4))


def _indented(text: str, by: int) -> str:
    return "".join(
        " " * by + line if line.strip() else line for line in text.splitlines(keepends=True)
    )


SNIPPETS = [snippet for path in (GUIDE, ROOT / "README.md") for snippet in snippets(path)]


def project(directory: Path, text: str) -> Path:
    """Write a workflow into a repository that has the action at its root."""
    (directory / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", directory)
    path = directory / ".github" / "workflows" / "snippet.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_guide_and_the_readme_have_recipes() -> None:
    assert len([snippet for snippet in SNIPPETS if snippet.name.startswith(GUIDE.stem)]) >= 7
    assert any(snippet.name.startswith("README") for snippet in SNIPPETS)
    assert [snippet.name for snippet in SNIPPETS if PLACEHOLDER not in snippet.text] == []


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)
def test_zizmor_and_the_schema_have_nothing_against_a_recipe(
    tmp_path: Path, snippet: Snippet
) -> None:
    path = project(tmp_path, snippet.using(f"owner/glcheck@{'0123456789' * 4}"))
    assert zizmor(tmp_path, path) == ""
    assert schema(tmp_path, path) == ""


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)
def test_jactionlint_has_nothing_against_a_recipe(tmp_path: Path, snippet: Snippet) -> None:
    path = project(tmp_path, snippet.using("$/"))
    assert jactionlint(tmp_path, path) == ""


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)
def test_foreign_actions_in_a_recipe_are_pinned(snippet: Snippet) -> None:
    assert [line for line in uses(snippet.text) if line != PLACEHOLDER and not pinned(line)] == []


def test_zizmor_and_the_schema_would_find_something(tmp_path: Path) -> None:
    steps = (
        "    steps:\n      - uses: owner/glcheck@main\n      - run: echo ${{ github.head_ref }}\n"
    )
    path = project(tmp_path, WRAPPER + steps)
    found = zizmor(tmp_path, path)
    assert "unpinned-uses" in found
    assert "template-injection" in found
    path.write_text(WRAPPER + "    step: []\n", encoding="utf-8")
    assert "step" in schema(tmp_path, path)


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("- uses: $/\n        with: { scope: api }", 'input "scope" is not defined'),
        (
            "- id: a\n        uses: $/\n      - run: echo\n        if: steps.a.outputs.okay",
            'property "okay"',
        ),
        ("- run: cd $HOME/a b", "SC"),
    ],
    ids=["input", "output", "script"],
)
def test_jactionlint_would_find_something(tmp_path: Path, step: str, fault: str) -> None:
    assert fault in jactionlint(tmp_path, project(tmp_path, f"{WRAPPER}    steps:\n      {step}\n"))


@pytest.mark.parametrize("name", ACTION["inputs"])
def test_the_guide_tells_of_every_input(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \| .+ \|$", section("Inputs"), re.MULTILINE)


@pytest.mark.parametrize("name", ACTION["outputs"])
def test_the_guide_tells_of_every_output(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \|$", section("Outputs"), re.MULTILINE)


def test_the_guide_tells_of_nothing_that_is_not_there() -> None:
    told = [
        re.findall(r"^\| `([\w-]+)`", section(title), re.MULTILINE)
        for title in ("Inputs", "Outputs")
    ]
    assert told == [[*ACTION["inputs"]], [*ACTION["outputs"]]]


def section(title: str) -> str:
    """Return a section of the guide."""
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## |\Z)",
        GUIDE.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert found
    return found[1]


def test_the_links_of_the_guide_lead_somewhere() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text)
    assert len(links) > 10
    for path, anchor in links:
        target = (GUIDE.parent / path).resolve() if path else GUIDE
        assert target.is_file(), path
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), (path, anchor)


def anchors(text: str) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


# act


class Ran(NamedTuple):
    """What a run of act came to."""

    code: int
    entries: list[dict[str, Any]]
    out: str  # of act itself
    log: str  # what the steps printed

    @property
    def jobs(self) -> dict[str, str]:
        """How each job ended, by its id."""
        return {
            entry["jobID"]: entry["jobResult"] for entry in self.entries if "jobResult" in entry
        }

    def failed_steps(self, job: str) -> list[str]:
        """The steps of a job that failed, by name or id; steps inside of the action not counted."""
        return [
            entry["step"]
            for entry in self.entries
            if entry.get("jobID") == job
            and entry.get("stepResult") == "failure"
            and len(entry.get("stepID", ())) == 1
        ]

    def variables(self, name: str) -> list[str]:
        """The values that steps gave to a variable for later ones."""
        return [
            e["arg"]
            for e in self.entries
            if e.get("command") == "set-env" and e.get("name") == name
        ]


class Machine:
    """A machine that act runs workflows on: a home of its own, and packages from loopback."""

    def __init__(self, directory: Path, index: str, caches: Path) -> None:
        self.workspace = directory / "repository"
        self.bin = directory / "bin"
        self._home = directory / "home"
        for path in (self.workspace, self.bin, self._home):
            path.mkdir()
        # act reads what a step prints from a terminal, and can lose the last lines.
        self._said = directory / "said"
        script(self.bin / "bash", f'exec {BASH} "$@" >>"{self._said}" 2>&1')
        self.environ = {
            "HOME": str(self._home),
            "XDG_CACHE_HOME": str(self._home / ".cache"),
            "PATH": os.pathsep.join((str(self.bin), str(BIN), os.defpath)),
            "PIP_INDEX_URL": index,
            "UV_DEFAULT_INDEX": index,
            "PIP_CONFIG_FILE": os.devnull,
            "UV_CACHE_DIR": str(caches / "uv"),
            "PIP_CACHE_DIR": str(caches / "pip"),
            "DEMO_SECONDS": "120",
        }

    def __call__(self, workflow: Path, event: str, *args: str, **secrets: str) -> Ran:
        """Commit what is in the workspace and run a workflow of it."""
        who = {
            f"GIT_{role}_{what}": "test"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        for words in ("init -q -b main", "add -A", "commit -q --allow-empty --no-gpg-sign -m test"):
            assert (
                run(["git", *words.split()], self.workspace, HOME=str(self._home), **who).returncode
                == 0
            )
        command = [
            ACT,
            event,
            "-W",
            str(workflow),
            "-P",
            "ubuntu-latest=-self-hosted",
            "--pull=false",
            "--json",
        ]
        command += ["--no-cache-server", *args]
        for name in (
            "env",
            "secret",
            "var",
            "input",
        ):  # files of the workspace that GitHub does not read
            command += [f"--{name}-file", os.devnull]
        for name, value in secrets.items():
            command += ["-s", f"{name}={value}"]
        # A group of its own, so that no step outlives a run that has to be broken off.
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=self.workspace,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=120)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        entries = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return Ran(process.returncode, entries, out, self._said.read_text(encoding="utf-8"))


@pytest.fixture
def machine(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine whose packages come from loopback."""
    wheels = once(tmp_path_factory, "wheels", download)
    with Index(wheels) as index:
        yield Machine(
            tmp_path, index.url, once(tmp_path_factory, "installer-caches", lambda _: None)
        )


# The self-test


@pytest.fixture
def checkout(machine: Machine) -> Machine:
    """Give a machine with a checkout of this repository."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], ROOT)
    assert listed.returncode == 0, listed.stderr
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # one that was deleted is still listed until that is committed
            (machine.workspace / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, machine.workspace / name)
    return machine


SELF_TEST = Path(".github", "workflows", "self-test.yml")
JOBS = {"passes", "token", "requirement", "asking", "settings"}
ONE_SYSTEM = ("--matrix", "os:ubuntu-latest")


def test_the_self_test_succeeds_and_leaves_no_server_behind(checkout: Machine) -> None:
    ran = checkout(SELF_TEST, "push", *ONE_SYSTEM)
    assert ran.jobs == dict.fromkeys(JOBS, "success"), ran.out
    assert ran.code == 0
    servers = ran.variables("DEMO_URL")
    assert len(servers) == len(JOBS)
    assert [url for url in servers if listens(url)] == []


def test_the_self_test_has_each_category_that_a_user_meets_often() -> None:
    text = (ROOT / SELF_TEST).read_text(encoding="utf-8")
    expected = dict(re.findall(r"= '(?:success|failure) ([a-z-]+)(?: true)? (\d+)", text))
    often = {
        "ok", "usage-error", "config-error", "token-missing", "token-malformed", "token-invalid", "token-expired",
        "token-revoked", "expires-soon", "scope-missing", "scope-forbidden", "role-too-low", "not-found",
        "network-error",
    }  # fmt: skip
    assert often <= expected.keys()
    codes = {category.label: str(category.exit_code) for category in Category}
    assert {label: codes[label] for label in expected} == expected


def test_the_self_test_fails_where_the_action_does_something_else(checkout: Machine) -> None:
    path = checkout.workspace / SELF_TEST
    text = path.read_text(encoding="utf-8")
    wrong = {
        "'read_api write_repository'": "'read_api'",  # an output of the job `passes`
        "token-expired 13'": "token-expired 14'",
        "'failure role-too-low": "'success role-too-low",
        "network-error 30'": "network-error 31'",
        "config-error 2'": "usage-error 2'",
    }
    for right, other in wrong.items():
        assert text.count(right) == 1, right
        text = text.replace(right, other)
    path.write_text(text, encoding="utf-8")
    ran = checkout(SELF_TEST, "push", *ONE_SYSTEM)
    assert ran.code != 0
    assert ran.jobs == dict.fromkeys(JOBS, "failure"), ran.out
    last = [ran.failed_steps(job)[-1] for job in sorted(JOBS)]
    assert last == [
        "Expect what each step came to",
        "Expect that all went well",
        *["Expect what each step came to"] * 3,
    ]
    assert [
        url for url in ran.variables("DEMO_URL") if listens(url)
    ] == []  # it is stopped also then


def listens(url: str) -> bool:
    """Tell whether somebody accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(address(url)) == 0


def address(url: str) -> tuple[str, int]:
    """Return host and port of an address on loopback."""
    found = re.fullmatch(r"http://(127\.0\.0\.1):(\d+)", url)
    assert found, url
    return found[1], int(found[2])


class Served(NamedTuple):
    """The demo GitLab, started as a job does it."""

    values: dict[str, str]
    process: subprocess.CompletedProcess[str]


def start(directory: Path, **environ: str) -> Served:
    """Start it, with a bare Python and an empty environment."""
    process = run([sys.executable, "-S", SERVE], directory, **environ)
    text = process.stdout
    if "GITHUB_ENV" in environ and process.returncode == 0:
        text = Path(environ["GITHUB_ENV"]).read_text(encoding="utf-8")
    return Served(dict(line.split("=", 1) for line in text.splitlines()), process)


def test_the_demo_server_serves_until_it_is_stopped(tmp_path: Path) -> None:
    served = start(tmp_path, GITHUB_ENV=str(tmp_path / "env"), DEMO_SECONDS="60")
    assert (served.process.returncode, served.process.stdout, served.process.stderr) == (0, "", "")
    assert not listens(served.values["DEMO_CLOSED_URL"])
    with socket.create_connection(address(served.values["DEMO_URL"]), timeout=30) as client:
        assert (
            run(
                [sys.executable, SERVE, "stop"], tmp_path, DEMO_PID=served.values["DEMO_PID"]
            ).returncode
            == 0
        )
        assert ended(client)
    assert not listens(served.values["DEMO_URL"])


def test_the_demo_server_ends_by_itself(tmp_path: Path) -> None:
    served = start(tmp_path, DEMO_SECONDS="0.3")
    assert served.process.returncode == 0
    try:
        with socket.create_connection(address(served.values["DEMO_URL"]), timeout=30) as client:
            assert ended(client)
    except ConnectionRefusedError:
        pass  # it was faster


def test_a_demo_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    served = start(tmp_path, DEMO_SECONDS="soon", GITHUB_ENV=str(tmp_path / "env"))
    assert served.process.returncode == 1
    assert "soon" in served.process.stderr
    assert not (tmp_path / "env").exists()


def test_to_stop_a_demo_server_that_never_started_is_no_error(tmp_path: Path) -> None:
    assert run([sys.executable, SERVE, "stop"], tmp_path).returncode == 0


def ended(client: socket.socket) -> bool:
    """Wait until the other side is gone."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


# Recipes that run

GH = '''\
"""Stands in for gh: a tracker in a file, and nothing that the recipe has no business with."""
import json, os, sys
from pathlib import Path

store = Path(os.environ["TRACKER"])
state = json.loads(store.read_text())
state["calls"].append(sys.argv[1:])
repository = os.environ["GH_REPO"]
assert os.environ["GH_TOKEN"] == "of-the-job" and repository.count("/") == 1


def issue(number):
    return next(one for one in state["issues"] if str(one["number"]) == number and one["open"])


match sys.argv[1:]:
    case ["api", path, "--jq", ".[0].number // empty"]:
        assert path == f"repos/{repository}/issues?state=open&labels=glcheck", path
        print(*[one["number"] for one in state["issues"] if one["open"] and "glcheck" in one["labels"]][:1])
    case ["label", "create", name, "--force", "--color", _, "--description", _]:
        state["labels"].append(name)
    case ["issue", "create", "--title", title, "--label", label, "--body-file", body]:
        assert label in state["labels"], "could not add label: not found"
        number = len(state["issues"]) + 1
        new = {"number": number, "title": title, "body": Path(body).read_text(), "labels": [label], "open": True}
        state["issues"].append(new)
    case ["issue", "edit", number, "--body-file", body]:
        issue(number)["body"] = Path(body).read_text()
    case ["issue", "close", number, "--comment", comment]:
        issue(number).update(open=False, comment=comment)
    case _:
        raise SystemExit(f"gh: {sys.argv[1:]}")
store.write_text(json.dumps(state))
'''
OPEN = {
    "number": 1,
    "title": "A GitLab token needs attention",
    "body": "of last week",
    "labels": ["glcheck"],
}
UNRELATED = {
    "number": 2,
    "title": "A GitLab token needs attention",
    "body": "by hand",
    "labels": [],
    "open": True,
}


class Tracker:
    """The issues of a repository, as the stand-in for gh keeps them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.path = machine.bin / "tracker.json"
        machine.environ["TRACKER"] = str(self.path)
        program = machine.bin / "gh.py"
        program.write_text(GH, encoding="utf-8")
        script(machine.bin / "gh", f'exec "{sys.executable}" -I -S "{program}" "$@"')

    def has(self, *issues: Mapping[str, Any]) -> None:
        """Set what there is before a run."""
        state = {
            "issues": [{"open": True, **issue} for issue in issues],
            "labels": ["glcheck"] * bool(issues),
        }
        self.path.write_text(json.dumps({**state, "calls": []}), encoding="utf-8")

    @property
    def state(self) -> dict[str, Any]:
        """What there is now."""
        state = json.loads(self.path.read_text(encoding="utf-8"))
        assert isinstance(state, dict)
        return state

    @property
    def issues(self) -> list[dict[str, Any]]:
        """The issues, closed ones included."""
        return [*self.state["issues"]]

    @property
    def did(self) -> list[str]:
        """What was done to issues, in order."""
        return [" ".join(call[:2]) for call in self.state["calls"] if call[0] == "issue"]

    def run(self, text: str, **secrets: str) -> Ran:
        """Run the weekly workflow."""
        return recipe(self.machine, text, "schedule", GITHUB_TOKEN="of-the-job", **secrets)


def recipe(machine: Machine, text: str, event: str, **secrets: str) -> Ran:
    """Run a workflow that uses the action from a directory of the workspace; act needs a checkout for that."""
    action = machine.workspace / "glcheck-action"
    if not action.exists():
        copy_action(action)
    document = read(text.replace(PLACEHOLDER, "./glcheck-action"))
    for job in document["jobs"].values():
        if not any("actions/checkout" in step.get("uses", "") for step in job["steps"]):
            job["steps"].insert(0, {"uses": "actions/checkout@v4"})
    path = machine.workspace / ".github" / "workflows" / "recipe.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return machine(path, event, **secrets)


def found(words: str, url: str) -> str:
    """Find the recipe with these words in it, and send it to another GitLab."""
    (text,) = [snippet.text for snippet in SNIPPETS if words in snippet.text]
    return text.replace("https://gitlab.example.com", url)


@pytest.fixture
def tracker(machine: Machine) -> Tracker:
    """Give a repository with issues."""
    return Tracker(machine)


def weekly(url: str) -> str:
    """Return the recipe for the weekly issue."""
    return found("cron:", url)


def test_a_dying_token_opens_one_issue_and_a_week_later_edits_it(
    tracker: Tracker, gitlab: GitLab
) -> None:
    tracker.has()
    gitlab.add(Token(TOKEN, expires_at=in_days(20)))
    first = tracker.run(weekly(gitlab.url), GITLAB_TOKEN=TOKEN)
    assert first.jobs == {"look": "success"}, first.out
    (issue,) = tracker.issues
    assert (issue["title"], issue["labels"]) == (OPEN["title"], ["glcheck"])
    assert "19 days left" in issue["body"]
    assert "expires-soon" in issue["body"]
    assert "/-/user_settings/personal_access_tokens" in issue["body"]
    assert re.search(r"^From https://\S+/actions/runs/\d+$", issue["body"], re.MULTILINE)

    gitlab.add(Token(TOKEN, expires_at=in_days(13)))
    second = tracker.run(weekly(gitlab.url), GITLAB_TOKEN=TOKEN)
    assert second.jobs == {"look": "success"}, second.out
    (issue,) = tracker.issues
    assert "12 days left" in issue["body"]
    assert "19 days left" not in issue["body"]
    assert tracker.did == ["issue create", "issue edit"]
    assert TOKEN not in json.dumps(tracker.state)


def test_an_issue_without_the_label_is_not_touched(tracker: Tracker, gitlab: GitLab) -> None:
    tracker.has(UNRELATED)
    ran = tracker.run(weekly(gitlab.url))  # no token at all
    assert ran.jobs == {"look": "success"}, ran.out
    unrelated, new = tracker.issues
    assert unrelated == UNRELATED
    assert "token-missing" in new["body"]


def test_when_all_is_well_again_the_issue_is_closed(tracker: Tracker, gitlab: GitLab) -> None:
    tracker.has(OPEN, UNRELATED)
    gitlab.add(Token(TOKEN))
    ran = tracker.run(weekly(gitlab.url), GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"look": "success"}, ran.out
    closed, unrelated = tracker.issues
    assert not closed["open"]
    assert re.fullmatch(r"All is well again: https://\S+/actions/runs/\d+", closed["comment"])
    assert unrelated == UNRELATED

    ran = tracker.run(weekly(gitlab.url), GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"look": "success"}, ran.out
    assert tracker.did == ["issue close"]


def test_an_allowed_silence_closes_no_issue(tracker: Tracker) -> None:
    tracker.has(OPEN)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # it does not listen
        recipe = weekly(f"http://127.0.0.1:{nobody.getsockname()[1]}")
        allowed = recipe.replace(
            "min-validity: 30d", "min-validity: 30d\n          allow: network-error"
        )
        ran = tracker.run(allowed, GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"look": "success"}, ran.out
    assert "not checked, because the problem above is allowed" in ran.log
    assert tracker.did == []


@pytest.mark.parametrize("issues", [[], [OPEN]], ids=["no-issue", "an-issue"])
def test_no_verdict_touches_no_issue_and_fails(
    tracker: Tracker, gitlab: GitLab, issues: list[dict[str, Any]]
) -> None:
    tracker.has(*issues)
    before = tracker.issues
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # it does not listen
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        ran = tracker.run(weekly(url), GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"look": "failure"}, ran.out
    assert "No verdict on the token (network-error)" in ran.log
    assert tracker.issues == before
    assert gitlab.requests == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("min-validity: 30d", "min-validity: soon", "usage-error"),
        ("report: markdown", "python: /dev/null\n          report: markdown", "usage-error"),
    ],
    ids=["input", "python"],
)
def test_a_mistake_in_the_settings_touches_no_issue_and_fails(
    tracker: Tracker, gitlab: GitLab, right: str, wrong: str, said: str
) -> None:
    tracker.has(OPEN)
    before = tracker.issues
    gitlab.add(Token(TOKEN))
    ran = tracker.run(weekly(gitlab.url).replace(right, wrong), GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"look": "failure"}, ran.out
    assert f"No verdict on the token ({said})" in ran.log
    assert tracker.issues == before


def test_a_release_does_not_start_with_a_token_that_will_not_do(
    machine: Machine, gitlab: GitLab
) -> None:
    script(machine.bin / "make", "echo the release ran")
    gitlab.add(Token(TOKEN, scopes=("read_api",)))
    ran = recipe(machine, found("needs: token", gitlab.url), "push", GITLAB_TOKEN=TOKEN)
    assert ran.jobs.get("token") == "failure", ran.out
    assert ran.jobs.get("release") != "success"
    assert "the release ran" not in ran.log


def test_several_tokens_are_checked_with_what_the_step_passes(
    machine: Machine, gitlab: GitLab
) -> None:
    gitlab.add(Token(TOKEN))
    gitlab.add(Token(OTHER, expires_at=in_days(-3)))
    policy = f"""\
version: 1
url: {gitlab.url}
tokens:
  - {{name: release, token-env: RELEASE_TOKEN}}
  - {{name: mirror, token-env: MIRROR_TOKEN}}
"""
    (machine.workspace / ".glcheck.yml").write_text(policy, encoding="utf-8")
    text = found("config: .glcheck.yml", gitlab.url)
    ran = recipe(machine, text, "push", RELEASE_TOKEN=TOKEN, MIRROR_TOKEN=OTHER)
    assert ran.jobs == {"tokens": "failure"}, ran.out
    assert "ok release: " in ran.log
    assert "error[token-expired] mirror: " in ran.log


def test_a_branch_on_the_category_goes_on_without_gitlab_only(
    machine: Machine, gitlab: GitLab
) -> None:
    text = found("3?)", gitlab.url)
    gitlab.add(Token(TOKEN, scopes=("read_api",)))
    ran = recipe(machine, text, "push", GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"job": "failure"}, ran.out
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        text = text.replace(gitlab.url, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        ran = recipe(machine, text, "push", GITLAB_TOKEN=TOKEN)
    assert ran.jobs == {"job": "success"}, ran.out
    assert "Nothing is known about the token" in ran.log
