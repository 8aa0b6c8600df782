"""The command: reads the command line, and writes what comes of it.

The report goes to standard output and nothing else does; messages go to standard error.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from glcheck import __version__
from glcheck.categories import INTERRUPTED, Category, Failure, Problem

if TYPE_CHECKING:
    from glcheck.formats import Style
    from glcheck.plan import Output, Plan
    from glcheck.report import Report

_COMMANDS = {
    "check": "check tokens; this is also what happens when no command is named",
    "config": "validate the settings and the policy file without asking GitLab",
    "explain": "tell what a category means, what usually causes it, and how to fix it",
}
_EPILOG = "The token comes from an environment variable, a file or standard input, never from the command line."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    gc.disable()  # a process that lives for a quarter of a second has no garbage worth a fifth of it
    _import_nothing_from_here()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a narrow encoding must not stop a report
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except Failure as failure:
        _say(failure.problem)
        return failure.problem.category.exit_code
    except KeyboardInterrupt:
        print("glcheck: interrupted", file=sys.stderr)
        return INTERRUPTED


def _import_nothing_from_here() -> None:
    """Take the working directory out of the module path: it may be a stranger's checkout."""
    sys.path[:] = [place for place in sys.path if place not in ("", ".", _here())]


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib would be a fifth of the time of `glcheck --version`
    except OSError:  # the directory was deleted
        return os.sep


def _run(argv: list[str]) -> int:
    command, rest = _command(argv)
    if command is None:
        _top_parser().parse_args(rest)
        command = "check"
    given = _parse(command, rest)
    if given.verbose:
        _show_requests()
    if command == "explain":
        return _explain(given.category)
    return _check(given, os.environ, ask=command == "check")


# --- the command line ---


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints never repeat a value: it could be a token in the wrong place."""

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message:  # argparse names only the flag here
            raise _usage(f"{message.removeprefix('argument ').partition(':')[0]} needs a value.")
        raise _usage("The command line cannot be understood.")


def _usage(sentence: str, fix: str = "`glcheck --help` shows how it is used.") -> Failure:
    return Failure(Problem(Category.USAGE_ERROR, sentence, fix))


def _command(argv: list[str]) -> tuple[str | None, list[str]]:
    """The command that is named, "check" if none is, or None for the help and version of the whole."""
    for index, word in enumerate(argv):
        if word in _COMMANDS:
            return word, argv[:index] + argv[index + 1 :]
        if word not in ("-q", "-v", "--quiet", "--verbose") and not word.startswith("--color="):
            break
    return (None if argv and argv[0] in ("-h", "--help", "--version") else "check"), argv


def _top_parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:9}{text}" for name, text in _COMMANDS.items())
    parser = _Parser(
        prog="glcheck",
        usage="glcheck [COMMAND] [OPTION ...]",
        description="Know before the pipeline starts whether its GitLab token will work to the end.",
        epilog=f"commands:\n{commands}\n\n{_EPILOG}\n`glcheck COMMAND --help` shows the options of a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"glcheck {__version__}")
    return parser


def _parse(command: str, argv: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog=f"glcheck {command}",
        description=f"{_COMMANDS[command].capitalize()}.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    if command == "explain":
        parser.add_argument("category", nargs="?", metavar="CATEGORY", help="all are listed if it is left out")
    else:
        _add_settings(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="show problems only")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show requests, and where glcheck itself failed"
    )
    parser.add_argument("--color", metavar="WHEN", default="auto", help="auto, always or never")
    given, extra = parser.parse_known_args(argv)
    if extra:
        raise _unknown(extra[0], parser)
    if given.color not in ("auto", "always", "never"):
        raise _usage("--color must be one of auto, always, never.")
    return given


def _add_settings(parser: argparse.ArgumentParser) -> None:
    from glcheck.settings import SETTINGS

    for setting in SETTINGS.values():
        if setting.name.startswith("hook-"):
            continue  # settings of the hooks, which the environment and the policy file give
        may_stand_alone = "bool" in setting.types
        parser.add_argument(
            setting.flag,
            dest=setting.name,
            action="append",
            metavar=setting.metavar,
            help=f"{setting.help}{' (can be repeated)' if setting.many else ''}",
            nargs="?" if may_stand_alone else None,
            const="true" if may_stand_alone else None,
        )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="check only this token of the policy"
    )


def _unknown(word: str, parser: argparse.ArgumentParser) -> Failure:
    from glcheck.settings import did_you_mean, nameable

    if not word.startswith("-"):
        return _usage("There is a word on the command line that is no command and no flag.", _EPILOG)
    name = word.partition("=")[0].lstrip("-")
    if name in ("token", "private-token", "password", "secret"):
        return _usage("There is no flag that takes a token's value: other programs could read it there.", _EPILOG)
    flags = [flag.lstrip("-") for flag in parser._option_string_actions if flag.startswith("--")]
    meant = did_you_mean(name, flags).replace("mean ", "mean --")
    shown = f" --{name}" if nameable(name) else ""
    return _usage(f"There is no such flag{shown}{meant or '.'}")


# --- the commands ---


def _explain(label: str | None) -> int:
    from glcheck import explain
    from glcheck.settings import did_you_mean

    if label is None:
        print(explain.listing(), end="")
        return 0
    category = next((category for category in Category if category.label == label), None)
    if category is None:
        meant = did_you_mean(label, [category.label for category in Category])
        raise _usage(f"There is no such category{meant or '.'}", "`glcheck explain` lists them all.")
    print(explain.page(category), end="")
    return 0


def _check(given: argparse.Namespace, environ: Mapping[str, str], *, ask: bool) -> int:
    from pathlib import Path

    from glcheck import plan, run

    flags = {name: values for name, values in vars(given).items() if isinstance(values, list) and name != "only"}
    planned = plan.resolve(flags, environ, Path(_here()), given.only)
    style = _style(given, environ, planned.output.path)
    if not ask and not planned.problems:
        return _config_is_sound(planned)
    try:
        report = run.run(planned, environ)
        return _write(report, planned.output, style, environ)
    except Exception as error:
        report = run.failed(error)
        return _write(report, planned.output._replace(reports=()), style, environ)


def _config_is_sound(planned: Plan) -> int:
    if planned.policy is None:
        raise _usage("There is no policy file here.", "Write .glcheck.yml, or name one with --config.")
    names = ", ".join(policy.name for policy in planned.tokens)
    print(f"ok {planned.policy}: {len(planned.tokens)} token{'s' if len(planned.tokens) != 1 else ''} ({names})")
    return 0


# --- output ---


def _style(given: argparse.Namespace, environ: Mapping[str, str], path: str | None) -> Style:
    from glcheck.formats import Style

    color = given.color == "always"
    if given.color == "auto" and not environ.get("NO_COLOR"):
        terminal = path is None and sys.stdout.isatty() and environ.get("TERM") != "dumb"
        color = bool(environ.get("FORCE_COLOR")) or terminal
    return Style(color, given.quiet, given.verbose)


def _write(report: Report, output: Output, style: Style, environ: Mapping[str, str]) -> int:
    """Write the report everywhere it is wanted; the exit code is its own, or 2 if a file cannot be written."""
    from glcheck.formats import Style, render

    plain = Style(quiet=style.quiet)
    files = [(path, render(kind, report, plain), "w") for kind, path in output.reports]
    text = render(output.format, report, style)
    if output.path is not None:
        files.append((output.path, text, "w"))
    if output.format == "github":
        from glcheck.github import outputs

        json_report = next((path for kind, path in output.reports if kind == "json"), "")
        files.append((environ.get("GITHUB_OUTPUT", ""), outputs(report, json_report), "a"))
        files.append((environ.get("GITHUB_STEP_SUMMARY", ""), render("markdown", report, plain), "a"))
    written = [_write_file(path, content, mode) for path, content, mode in files if path]
    if output.path is None:
        try:
            print(text, end="", flush=True)
        except BrokenPipeError:  # whoever read the report has seen enough of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.exit_code if all(written) else Category.USAGE_ERROR.exit_code


def _write_file(path: str, content: str, mode: str) -> bool:
    try:
        with open(path, mode, encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - as it was named
            file.write(content)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        _say(_usage(f"A report could not be written: {why}.", f"Check the path {path}.").problem)
        return False
    return True


def _say(problem: Problem) -> None:
    """A problem that cannot stand in a report, on standard error."""
    print(f"error[{problem.category.label}] {problem.message}\n  fix: {problem.fix}", file=sys.stderr)


def _show_requests() -> None:
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("glcheck: %(message)s"))
    log = logging.getLogger("glcheck")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
