# shellcheck shell=bash
# Finds a Python, and lets install.py make glcheck ready for it, once in a job. action.yml runs this without the token.
# Outputs: `python`, the interpreter; `program`, the directory for it to run.

unset INPUT_TOKEN # act hands inputs on as variables, GitHub does not
workspace=$PWD
cd / # a .python-version or uv.toml of the checkout is not for us

# With slashes, as bash on Windows wants them.
probe='import os, sys; print(end=sys.executable.replace(os.sep, "/") if sys.version_info >= (3, 10) else "")'

usable() { # COMMAND: sets `python` to the interpreter of the first on the PATH that glcheck runs on
  local program
  while IFS= read -r program; do
    python=$("$program" -I -S -X utf8 -c "$probe" 2>/dev/null </dev/null) && [ -x "$python" ] && return
  done < <(type -aP -- "$1")
  return 1
}

refuse() { # MESSAGE FIX
  printf '%s\n' ok=false category=usage-error exit-code=2 >>"$GITHUB_OUTPUT"
  printf '## glcheck: usage-error (exit code 2)\n\n- **error[usage-error]** %s\n  - fix: %s\n' "$1" "$2" >>"$GITHUB_STEP_SUMMARY"
  printf 'error[usage-error] %s\n  fix: %s\n::error title=usage-error::%s%%0Afix: %s\n' "$1" "$2" "$1" "$2"
  exit 2
}

# What is shown of the input: a path or a name of Python, never something long that was pasted there by mistake.
long='[A-Za-z0-9_-]{20}'
readable='^[0-9.]+$|^([A-Za-z]:)?[A-Za-z0-9_./\ ~+-]*([Pp]y|/)[A-Za-z0-9_./\ ~+-]*$'

wanted() { # the interpreter that the input names; a path is taken from the checkout's root
  local command=${PYTHON_WANTED//\\//} shown=
  case $command in
    /* | [A-Za-z]:/*) ;;
    */*) command=$workspace/$command ;;
  esac
  if [[ $PYTHON_WANTED =~ $readable && ! $PYTHON_WANTED =~ $long ]]; then shown=" ($PYTHON_WANTED)"; fi
  usable "$command" || refuse "The input python names no Python 3.10 or newer$shown." \
    "Name a command such as python3.12, or a path, that is on this runner; or add a step with actions/setup-python and leave the input out."
}

found() { # the runner's own
  local command
  for command in python3 python py; do
    usable "$command" && return
  done
  refuse "glcheck needs Python 3.10 or newer, and there is none on the PATH of this runner." \
    "Add a step with actions/setup-python before this one, or name an interpreter with the input python."
}

key=$(cksum <<<"$GITHUB_ACTION_PATH $PYTHON_WANTED") # another version, or another Python, is another program
program=$RUNNER_TEMP/glcheck-${key%% *}
if [ ! -f "$program/python" ]; then
  if [ -n "$PYTHON_WANTED" ]; then wanted; else found; fi
  "$python" -I -S -X utf8 "$GITHUB_ACTION_PATH/action/install.py" "$program"
fi
printf '%s\n' "python=$(<"$program/python")" "program=$program" >>"$GITHUB_OUTPUT"
