"""The command line: lessons for learners and teachers, a check of this computer, of a solver."""

import argparse
import os
import sys
from pathlib import Path

from .. import __version__
from .doctor import doctor
from .lab import copy_only, lab

FOLDER = "lmteach-lessons"
COMMANDS = "{lab,lessons,solutions,nbgrader,doctor,litmus}"
# The usual options of JupyterLab that take no value, so that a word after one of them is a FOLDER.
FLAGS = ("--no-browser", "--debug", "--allow-root", "--autoreload", "--core-mode", "-y")


def main(arguments=None):
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A folder's name may hold letters that this terminal does not know.
        stream.reconfigure(errors="replace")
    parser = _parser()
    known, words = parser.parse_known_args(arguments)
    if known.command == "litmus":
        from . import litmus  # here, since SciPy's optimizers take long to import

        return litmus.run(parser.parse_args(arguments))
    folder, options = _folder_and_options(words)
    if known.command == "lab":
        if known.projector:
            os.environ["LMTEACH_PROJECTOR"] = "1"  # every kernel that JupyterLab starts inherits it
        return lab(folder, known.reset, options)
    if options:
        parser.error(f"only lab passes options on to JupyterLab: {' '.join(options)}")
    if known.command == "lessons":
        return copy_only(folder, known.reset)
    if known.command in ("solutions", "nbgrader"):
        return _for_teachers(known, folder)
    if known.command == "doctor":
        return doctor(folder)
    parser.print_help()
    return 0


def _for_teachers(known, folder):
    from . import assignments, solved  # here, since the exercises take long to import

    command = {"solutions": solved.write, "nbgrader": assignments.write}[known.command]
    return command(folder, known.only)


def _parser():
    """Make the parser, which knows neither FOLDER nor JupyterLab's options.

    If it knew FOLDER, argparse would take the 9999 of `--port 9999` for one.
    """
    parser = argparse.ArgumentParser(
        prog="lmteach", allow_abbrev=False, description=__doc__.replace("`", "")
    )
    parser.add_argument("--version", action="version", version=f"lmteach {__version__}")
    commands = parser.add_subparsers(dest="command", metavar=COMMANDS)
    _add_lab(commands)
    _add_lessons(commands)
    _add_solutions(commands)
    _add_nbgrader(commands)
    _add_doctor(commands)
    _add_litmus(commands)
    return parser


def _add_lab(commands):
    parser = commands.add_parser(
        "lab",
        allow_abbrev=False,
        usage="lmteach lab [FOLDER] [--projector] [--reset LESSON] [any option of jupyter lab]",
        help="copy the lessons into a folder and open JupyterLab there",
        description=f"Copies the lessons into FOLDER ({FOLDER} unless given) and starts JupyterLab "
        "there. Lessons you have changed are kept. Options such as --no-browser or --port=9999 go "
        "to JupyterLab.",
    )
    parser.add_argument(
        "--projector", action="store_true", help="draw text and lines large enough for the last row"
    )
    _add_reset(parser)


def _add_reset(parser):
    parser.add_argument(
        "--reset",
        action="append",
        default=[],
        metavar="LESSON",
        help="give me a fresh copy of 07, say, and keep mine aside; may be repeated",
    )


def _add_lessons(commands):
    parser = commands.add_parser(
        "lessons",
        allow_abbrev=False,
        usage="lmteach lessons [FOLDER] [--reset LESSON]",
        help="copy the lessons into a folder, for a hub, VS Code or another program",
        description=f"Copies the lessons into FOLDER ({FOLDER} unless given) as lab does, and "
        "starts nothing. Lessons you have changed are kept.",
    )
    _add_reset(parser)


def _add_solutions(commands):
    parser = commands.add_parser(
        "solutions",
        allow_abbrev=False,
        usage="lmteach solutions FOLDER [--only LESSON]",
        help="for teachers: the lessons with every exercise solved, and run",
        description="Writes each lesson that has exercises into FOLDER, with our answers in its "
        "cells, runs it, and says whether every check is right.",
    )
    _add_only(parser)


def _add_nbgrader(commands):
    parser = commands.add_parser(
        "nbgrader",
        allow_abbrev=False,
        usage="lmteach nbgrader FOLDER [--only LESSON]",
        help="for teachers: a course for nbgrader, with a test for each exercise",
        description="Makes FOLDER a course of nbgrader: an assignment for each lesson that has "
        "exercises, with our solutions, which nbgrader takes out, and a locked test for each.",
    )
    _add_only(parser)


def _add_only(parser):
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="LESSON",
        help="07, say, and no other lesson; may be repeated",
    )


def _add_doctor(commands):
    commands.add_parser(
        "doctor",
        usage="lmteach doctor [FOLDER]",
        help="check that the lessons can run here",
        description=f"Checks that the lessons run here and FOLDER ({FOLDER} unless given) can be "
        "written to.",
    )


def _add_litmus(commands):
    parser = commands.add_parser(
        "litmus",
        allow_abbrev=False,
        usage="lmteach litmus (FILE.py:NAME | --command PROGRAM) [options]",
        help="is this solver Levenberg-Marquardt?",
        description="Puts nine tests to a solver and says which known mistake its steps show. "
        "Exit status 0: nothing failed, 1: it is no Levenberg-Marquardt, 2: nothing to test.",
        epilog="The whole protocol, with examples: docs/litmus.md.",
    )
    parser.add_argument("target", nargs="?", metavar="FILE.py:NAME", help="a function or class")
    parser.add_argument(
        "--command", metavar="PROGRAM", dest="program", help="a program that speaks JSON lines"
    )
    parser.add_argument("--whole", action="store_true", help="PROGRAM makes whole runs, not trials")
    parser.add_argument(
        "--kind",
        metavar="KIND",
        help="how NAME is called, if its parameters' names do not say: step, solver, problem, "
        "least_squares, estimator, neupy or train_step",
    )
    parser.add_argument("--calls", metavar="NAME", help="a function of FILE.py that must be called")
    parser.add_argument(
        "--format", choices=("text", "html", "json"), default="text", help="text unless given"
    )
    parser.add_argument("--seconds", type=_seconds, help="time limit of one call")


def _seconds(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _folder_and_options(words):
    """Take the first word that is neither an option nor an option's value as FOLDER.

    The other words are JupyterLab's.
    """
    for place, (before, word) in enumerate(zip(["", *words], words, strict=False)):
        takes_value = before.startswith("-") and "=" not in before and before not in FLAGS
        if not word.startswith("-") and not takes_value:
            return Path(os.path.expanduser(word)), words[:place] + words[place + 1 :]
    return Path(FOLDER), words
