"""The command line: `lmteach lab` opens the lessons, `lmteach doctor` checks this computer."""

import argparse
import contextlib
import importlib.util
import os
import sys
from pathlib import Path

from . import __version__, lessons
from .command import litmus
from .doctor import doctor, is_this_python, kernel_python

FOLDER = "lmteach-lessons"
QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
)
# The usual options of JupyterLab that take no value, so that a word after one of them is a FOLDER.
FLAGS = ("--no-browser", "--debug", "--allow-root", "--autoreload", "--core-mode", "-y")
NEWS = {
    "updated": "{name} was updated; you had not changed it.",
    "beside": "{name} was changed by you and is kept; the newer version is beside it as {other}.",
    "reset": "{name} is fresh again; your version is kept as {other}.",
}


def main(arguments=None):
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A folder's name may hold letters that this terminal does not know.
        stream.reconfigure(errors="replace")
    parser = _parser()
    known, words = parser.parse_known_args(arguments)
    if known.command == "litmus":
        return litmus.run(parser.parse_args(arguments))
    folder, options = _folder_and_options(words)
    if known.command == "lab":
        if known.projector:
            os.environ["LMTEACH_PROJECTOR"] = "1"  # every kernel that JupyterLab starts inherits it
        return lab(folder, known.reset, options)
    if options:
        parser.error(f"only lab passes options on to JupyterLab: {' '.join(options)}")
    if known.command == "doctor":
        return doctor(folder)
    parser.print_help()
    return 0


def _parser():
    """FOLDER and JupyterLab's options are unknown here: argparse would take `--port 9999` for a folder."""
    parser = argparse.ArgumentParser(
        prog="lmteach", allow_abbrev=False, description=__doc__.replace("`", "")
    )
    parser.add_argument("--version", action="version", version=f"lmteach {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="{lab,doctor,litmus}")
    lab_parser = commands.add_parser(
        "lab",
        allow_abbrev=False,
        usage="lmteach lab [FOLDER] [--projector] [--reset LESSON] [any option of jupyter lab]",
        help="copy the lessons into a folder and open JupyterLab there",
        description=f"Copies the lessons into FOLDER ({FOLDER} unless given) and starts JupyterLab there. "
        "Lessons you have changed are kept. Options such as --no-browser or --port=9999 go to JupyterLab.",
    )
    lab_parser.add_argument(
        "--projector", action="store_true", help="draw text and lines large enough for the last row"
    )
    lab_parser.add_argument(
        "--reset",
        action="append",
        default=[],
        metavar="LESSON",
        help="give me a fresh copy of 07, say, and keep mine aside; may be repeated",
    )
    commands.add_parser(
        "doctor",
        usage="lmteach doctor [FOLDER]",
        help="check that the lessons can run here",
        description=f"Checks that the lessons run here and FOLDER ({FOLDER} unless given) can be written to.",
    )
    litmus.add_arguments(commands.add_parser("litmus", help="is this solver Levenberg-Marquardt?"))
    return parser


def _folder_and_options(words):
    """FOLDER is the first word that is no option and no option's value; the others are JupyterLab's."""
    for place, (before, word) in enumerate(zip(["", *words], words, strict=False)):
        takes_value = before.startswith("-") and "=" not in before and before not in FLAGS
        if not word.startswith("-") and not takes_value:
            return Path(os.path.expanduser(word)), words[:place] + words[place + 1 :]
    return Path(FOLDER), words


def lab(folder, reset, options):
    """Bring the lessons up to date in the folder and run JupyterLab there until it ends."""
    if importlib.util.find_spec("jupyterlab") is None:
        return _fail(f"JupyterLab is missing. Install it: {sys.executable} -m pip install jupyter")
    try:
        outcomes = lessons.install(folder, reset)
        lessons.strip_dead_views(folder)
    except lessons.LessonError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(_cannot_write(folder, error))
    _tell(folder, outcomes)
    return _run_jupyterlab(folder, options)


def _fail(sentence):
    print(sentence, file=sys.stderr)
    return 1


def _cannot_write(folder, error):
    if os.path.isfile(folder):
        return f"{folder} is a file, not a folder. Choose another one: python -m lmteach lab FOLDER"
    return (
        f"The lessons cannot be kept in {folder}: {error.strerror} ({error.filename}). "
        "Choose a folder you may write to: python -m lmteach lab FOLDER"
    )


def _tell(folder, outcomes):
    print(f"Your lessons are in {folder.resolve()}.")
    new = sum(outcome.what == "new" for outcome in outcomes)
    if new:
        print(f"{new} new {'file was' if new == 1 else 'files were'} copied there.")
    for outcome in outcomes:
        if outcome.what in NEWS:
            print(NEWS[outcome.what].format(name=outcome.name, other=outcome.other))


def _run_jupyterlab(folder, options):
    """Run JupyterLab in this process: it handles Ctrl-C itself, and its Python is the one with lmteach."""
    from jupyterlab.labapp import LabApp

    _silence_the_news()
    _prefer_this_kernel()
    given = {option.partition("=")[0] for option in options}
    wanted = [*QUIET, "-y", f"--ServerApp.root_dir={folder.resolve()}", *_if_root(given)]
    own = [option for option in wanted if option.partition("=")[0] not in given]
    print("JupyterLab starts now; Ctrl-C here ends it.", flush=True)
    try:
        with contextlib.chdir(folder):
            LabApp.launch_instance([*own, *options])
    except KeyboardInterrupt:
        print("JupyterLab was interrupted.")
    return 0


def _silence_the_news():
    """Switch off the plugin that asks whether news is wanted: it asks whatever QUIET says."""
    here = str(Path(__file__).resolve().parent / "_jupyter")
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([here, others] if others else [here])


def _if_root(given):
    root = getattr(os, "geteuid", lambda: None)() == 0
    if root and "--allow-root" not in given:
        print("You are root, so JupyterLab is started with --allow-root.")
    return ["--allow-root"] if root else []


def _prefer_this_kernel():
    """Put the kernels of this Python before those a user or another program has registered."""
    here = os.path.join(sys.prefix, "share", "jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        [here, *filter(None, [os.environ.get("JUPYTER_PATH")])]
    )
    program = kernel_python()
    if program is None:
        print("No kernel python3 was found. Ask what is wrong: python -m lmteach doctor")
    elif not is_this_python(program):
        print(
            f"Another Python, {program}, is registered as the kernel python3 and may not have lmteach."
        )
        print(f"Take it away with: {sys.executable} -m jupyter kernelspec remove python3")
