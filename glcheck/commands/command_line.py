"""The command line: which command is named, and what its flags say."""

from __future__ import annotations

import argparse
from typing import NoReturn

from glcheck.problem import Category, Failure, Problem
from glcheck.settings.table import (
    NAMES_OF_SECRETS,
    SETTINGS,
    Setting,
    did_you_mean,
    is_boolean,
    nameable,
)

COMMANDS = {
    "check": "check tokens; this is also what happens when no command is named",
    "config": "validate the settings and the policy file without asking anybody",
    "hook": "check tokens before a push: successes are remembered, no network stops nothing",
    "explain": "tell what a category means, what usually causes it, and how to fix it",
}
_EPILOG = (
    "The token comes from an environment variable, a file or standard input, never from the "
    "command line."
)


_OF_A_COMMAND = "`glcheck COMMAND --help` shows the options of a command."


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints never repeat a value: it could be a token in the wrong place."""

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message:  # argparse names only the flag here
            raise usage(f"{message.removeprefix('argument ').partition(':')[0]} needs a value.")
        raise usage("The command line cannot be understood.")


def usage(sentence: str, fix: str = "`glcheck check --help` lists all flags.") -> Failure:
    """That the command line cannot be used."""
    return Failure(Problem(Category.USAGE_ERROR, sentence, fix))


def parse(argv: list[str]) -> tuple[str, argparse.Namespace]:
    """The command, "check" where none is named, and what its flags say: texts for each setting.

    Raises Failure (usage-error) for what cannot be understood; leaves with the help where that is
    asked for.
    """
    if argv[:1] in (["-h"], ["--help"]):
        _show_help()
    command, argv = _command(argv)
    parser = _Parser(
        prog=f"glcheck {command}",
        description=f"{COMMANDS[command][0].upper()}{COMMANDS[command][1:]}.",
        epilog=_EPILOG,
        formatter_class=_formatter(argv),
        allow_abbrev=False,
    )
    if command == "explain":
        parser.add_argument(
            "category", nargs="?", metavar="CATEGORY", help="all are listed if it is left out"
        )
    else:
        _add_settings(parser)
    if command == "config":
        parser.add_argument("files", nargs="*", metavar="FILE", help="policy file, like --config")
    if command == "hook":
        parser.add_argument(
            "remote", nargs="*", metavar="REMOTE", help="where git pushes to: its name, its address"
        )
    parser.add_argument("-q", "--quiet", action="store_true", help="show problems only")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="show requests, and where glcheck itself failed",
    )
    parser.add_argument("--color", metavar="WHEN", default="auto", help="auto, always or never")
    given, extra = parser.parse_known_args(_with_values(argv))
    if command == "hook":
        extra += given.remote[2:]
    if extra:
        raise _unknown(extra[0], parser)
    if given.color not in ("auto", "always", "never"):
        raise usage("--color must be one of auto, always, never.")
    return command, given


class _Unseen(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


def _formatter(argv: list[str]) -> type[argparse.HelpFormatter]:
    """What formats the help; argparse makes one for each flag, whether anybody sees it or not.

    Without a width it loads shutil to look for the terminal's, a tenth of the time of a hook.
    """
    if "-h" in argv or "--help" in argv:
        return argparse.HelpFormatter
    return _Unseen


def _command(argv: list[str]) -> tuple[str, list[str]]:
    """The command, which may stand behind the flags that all commands have, and the rest."""
    for index, word in enumerate(argv):
        if word in COMMANDS:
            return word, argv[:index] + argv[index + 1 :]
        if word not in ("-q", "-v", "--quiet", "--verbose") and not word.startswith("--color="):
            break
    return "check", argv


def _with_values(argv: list[str]) -> list[str]:
    """The command line, where a switch takes no word behind it but its value, or an empty one."""
    switches = [setting.flag for setting in SETTINGS.values() if "bool" in setting.types]
    return [
        f"{word}=true" if word in switches and following and not is_boolean(following) else word
        for word, following in zip(argv, [*argv[1:], ""], strict=False)
    ]


def _show_help() -> NoReturn:
    """Print the help of the whole and leave."""
    commands = "\n".join(f"  {name:9}{text}" for name, text in COMMANDS.items())
    parser = _Parser(
        prog="glcheck",
        usage="glcheck [COMMAND] [OPTION ...]",
        description="Know before the pipeline starts whether its tokens will work to the end.",
        epilog=f"commands:\n{commands}\n\n{_EPILOG}\n{_OF_A_COMMAND}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show glcheck's version and exit")
    parser.print_help()
    raise SystemExit(0)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    for setting in SETTINGS.values():
        may_stand_alone = "bool" in setting.types
        parser.add_argument(
            setting.flag,
            dest=setting.name,
            action="append",
            metavar=setting.metavar,
            help=_help(setting),
            nargs="?" if may_stand_alone else None,
            const="true" if may_stand_alone else None,
        )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="check only this token of the policy",
    )


def _help(setting: Setting) -> str:
    choices = f": {', '.join(setting.choices)}" if setting.choices else ""
    more = ["can be repeated"] if setting.many else []
    more += [f"default: {setting.default}"] if setting.default else []
    # argparse reads a % as the beginning of a blank.
    said = f"{setting.help}{choices}"
    if more:
        said += f" ({'; '.join(more)})"
    return said.replace("%", "%%")


def _unknown(word: str, parser: argparse.ArgumentParser) -> Failure:
    if not word.startswith("-"):
        meant = did_you_mean(word, COMMANDS)
        fix = f"Commands are {', '.join(COMMANDS)}. {_EPILOG}"
        return usage(
            f"There is a word on the command line that is no command and no flag{meant or '.'}", fix
        )
    name = word.partition("=")[0].lstrip("-")
    if name in NAMES_OF_SECRETS:
        return usage(
            "There is no flag that takes a token's value: other programs could read it there.",
            _EPILOG,
        )
    flags = [flag.lstrip("-") for flag in parser._option_string_actions if flag.startswith("--")]
    meant = did_you_mean(name, flags).replace("mean ", "mean --")
    shown = f" {word.partition('=')[0]}" if nameable(name) else ""
    return usage(f"There is no such flag{shown}{meant or '.'}")
