"""Makes glcheck ready to run in a directory of its own: itself, and what its lock file names.

`python -I -S install.py DIRECTORY`, from prepare.sh. No virtual environment is created, which would
take longer than everything else; and nothing that lies in the checkout is imported or obeyed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ACTION = Path(__file__).resolve().parent.parent
LOCK = ACTION / "action" / "requirements.txt"
LOCKED = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK))
PATIENCE = {"uv": 60, "pip": 240}  # seconds: pip is the last one to try

# Where packages come from is the runner's business; where they go, and which they are, is ours.
_INDEX = re.compile(
    r"PIP_((EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|(CLIENT_)?CERT|PROXY|RETRIES|(DEFAULT_)?TIMEOUT"
    r"|CONFIG_FILE|(NO_)?CACHE_DIR|KEYRING_PROVIDER)"
    r"|UV_((DEFAULT_|EXTRA_)?INDEX(_\w+)?|NO_INDEX|FIND_LINKS|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|HTTP_\w+"
    r"|CONFIG_FILE|(NO_)?CACHE(_DIR)?|KEYRING_PROVIDER|LINK_MODE|OFFLINE)"
)
_SECRET = re.compile(r".*(TOKEN|SECRET|PASSW|PRIVATE|_PAT$|API_?KEY).*", re.IGNORECASE)
# These win over the same settings in a pip.conf.
_OURS = {
    "PIP_DRY_RUN": "0",
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_CONSTRAINT": os.devnull,
}


def main(program: Path) -> int:
    """Make `program` a directory that Python can run; return 0, or 2 after saying why not."""
    said = []
    for name, command in installers():
        try:
            target = program.with_name(f"{program.name}-{os.getpid()}-{name}")
            target.mkdir()
            done = subprocess.run(  # noqa: S603 - a list of our own, and no shell
                [*command, *LOCKED, "--target", str(target)],
                cwd=target.anchor,  # uv looks for its configuration in all directories above
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE[name],
                check=False,
            )
            if (
                done.returncode == 0
                and (target / "requests").is_dir()
                and (target / "yaml").is_dir()
            ):
                complete(target, program)
                return 0
        except (OSError, subprocess.TimeoutExpired) as error:
            if (program / "python").is_file():  # another step was faster
                return 0
            said.append(f"{name}: {error}")
            continue
        lines = done.stdout.decode(errors="replace").splitlines()
        tries = [
            line for line in lines if "Retrying (" in line
        ]  # of pip; the last one tells as much as all
        last = [line for line in lines if line not in tries[:-1]][-12:]
        said += [f"{name}: {line}" for line in last or [f"exit code {done.returncode}"]]
    give_up(said)
    return 2


def installers() -> Iterator[tuple[str, list[str]]]:
    """The programs that can install, the fastest first, as name and command."""
    uv = shutil.which("uv")
    if uv and not only_pip_knows_the_index():
        yield "uv", [uv, "pip", "install", "--python", sys.executable]
    pip = [
        sys.executable,
        "-I",
        "-X",
        "utf8",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-color",
        "--no-input",
    ]
    not_of_a_pip_conf = ("--prefix=", "--root=")
    yield "pip", [*pip, "install", "--quiet", "--no-compile", *not_of_a_pip_conf]


def only_pip_knows_the_index() -> bool:
    """Whether pip is told of another index than PyPI, and uv, with settings of its own, is not."""
    if os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL"):
        return False
    if os.environ.get("PIP_INDEX_URL") or os.environ.get("PIP_NO_INDEX"):
        return True
    import configparser  # only where uv is there

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(pip_configurations(), encoding="utf-8")
    except (configparser.Error, ValueError, OSError, RuntimeError):  # pip can tell what to do then
        return True
    sections = [parser[name] for name in ("global", "install") if name in parser]
    return any(
        name.replace("_", "-") in ("index-url", "no-index")
        for section in sections
        for name in section
    )


def pip_configurations() -> list[Path]:
    """Where pip looks for its settings (pip.pypa.io, "Configuration"); most do not exist."""
    home, environ = Path.home(), os.environ
    if sys.platform == "win32":
        places = [
            Path(environ.get(name, home)) / "pip" / "pip.ini" for name in ("PROGRAMDATA", "APPDATA")
        ]
        places.append(home / "pip" / "pip.ini")
    else:
        system = ["/Library/Application Support"] if sys.platform == "darwin" else ["/etc/xdg"]
        system = environ.get("XDG_CONFIG_DIRS", "").split(":") + system
        user = [
            environ.get("XDG_CONFIG_HOME") or home / ".config",
            home / "Library" / "Application Support",
        ]
        places = [Path(place) / "pip" / "pip.conf" for place in [*system, *user] if place]
        places += [Path("/etc/pip.conf"), home / ".pip" / "pip.conf"]
    # With -S, sys.prefix is not that of a virtual environment.
    prefixes = {Path(sys.prefix), Path(sys.executable).parent.parent, Path(sys.executable).parent}
    places += [
        prefix / ("pip.ini" if sys.platform == "win32" else "pip.conf") for prefix in prefixes
    ]
    return [
        *places,
        *([Path(environ["PIP_CONFIG_FILE"])] if environ.get("PIP_CONFIG_FILE") else []),
    ]


def environment() -> dict[str, str]:
    """The environment for uv and pip, without what redirects the install or may be a token."""
    from glcheck.providers import looks_like_token

    def kept(name: str, value: str) -> bool:
        if name.startswith(("PIP_", "UV_", "PYTHON")):
            return _INDEX.fullmatch(name) is not None
        is_path = "/" in value or "\\" in value  # the name of a directory can look like anything
        return not _SECRET.fullmatch(name) and (is_path or not looks_like_token(value))

    return {name: value for name, value in os.environ.items() if kept(name, value)} | _OURS


def complete(target: Path, program: Path) -> None:
    """Add glcheck to what was installed, and name it: a directory of that name is complete."""
    shutil.copytree(
        ACTION / "glcheck", target / "glcheck", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ACTION / "glcheck" / "__main__.py", target)
    (target / "python").write_text(Path(sys.executable).as_posix(), encoding="utf-8")
    target.rename(program)


def give_up(said: list[str]) -> None:
    """Say in the log, the summary and one annotation that nothing was checked, and why."""
    from glcheck.ci.github_actions import annotation, defused
    from glcheck.masking import one_line

    message = (
        "glcheck could not be installed, so nothing was checked; the log of this step says why."
    )
    fix = (
        "Try again; if this runner reaches no package index, name a mirror in PIP_INDEX_URL or "
        "pip.conf; if it has neither pip nor uv, add a step with actions/setup-python before this "
        "one."
    )
    lines = [
        re.sub(r"//[^/@\s]*@", "//***@", one_line(line)) for line in said
    ]  # a mirror's password
    lines += [f"error: {message}", f"  fix: {fix}"]
    shown = annotation("error", "glcheck could not be installed", f"{message}\nfix: {fix}")
    print(*map(defused, lines), shown, sep="\n")
    for variable, text in (
        ("GITHUB_OUTPUT", "ok=false\n"),
        ("GITHUB_STEP_SUMMARY", f"## glcheck: not installed\n\n- {message}\n  - fix: {fix}\n"),
    ):
        with Path(os.environ[variable]).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)


if __name__ == "__main__":
    sys.path.insert(0, str(ACTION))
    sys.dont_write_bytecode = True  # the action may be part of the checkout
    sys.exit(main(Path(sys.argv[1])))
