"""The entrance of the command: what has to happen before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from glcheck.version import __version__


def entrance() -> None:
    """What the installed command calls: `main`, and out.

    Without the interpreter's own way of shutting down: a thread that a silent server holds must
    not delay or break the exit, and taking all modules apart would be an eighth of the time.
    """
    _leave_no_core()
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - None where the stream is closed
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    try:
        code = main()
    except SystemExit as leaving:  # argparse, after it has shown the help
        code = int(leaving.code or 0)
    except (
        BaseException
    ) as error:  # 1 is no exit code of ours: an interpreter that died is no verdict
        print(
            f"error[internal-error] glcheck itself failed ({type(error).__name__}).",
            file=sys.stderr,
        )
        code = 70
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # whoever read it has seen enough
            continue
        except OSError:
            code = code or 2  # what was asked for could not be printed
    os._exit(code)


def _leave_no_core() -> None:
    """Let a crash write no image of the memory, which holds the token."""
    try:
        import resource

        # 1 and not 0, at which Linux still gives the image to a program (fs/coredump.c).
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    except (ImportError, OSError, ValueError):  # Windows, or a lower limit that is there already
        return


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    gc.disable()  # in a quarter of a second there is no garbage that is worth a fifth of it
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib would be a fifth of the time of `glcheck --version`
    except OSError:  # the directory was deleted
        here = os.sep
    # Nothing is imported from the working directory: it may be a stranger's checkout.
    sys.path[:] = [place for place in sys.path if place not in ("", ".", here)]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a narrow encoding must not stop a report
            stream.reconfigure(errors="backslashreplace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "--version" in arguments:
        print(f"glcheck {__version__}")
        return 0
    try:
        from glcheck.commands.main import execute

        return execute(arguments, here)
    except KeyboardInterrupt:
        from glcheck.problem import INTERRUPTED

        print("glcheck: interrupted", file=sys.stderr)
        return INTERRUPTED
