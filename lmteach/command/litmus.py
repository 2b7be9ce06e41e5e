"""`lmteach litmus`: is this Levenberg-Marquardt? Exit status 0: yes, 1: no, 2: cannot tell."""

import importlib.util
import sys
from pathlib import Path
from types import FunctionType

from ..litmus.calls import SUSPECTS, Calls
from ..litmus.examine import SECONDS, examine
from ..litmus.kinds import guess, subject
from ..litmus.process import Command
from ..litmus.report import FAILED, Report, Result
from ..litmus.watch import Worker, in_words, quiet

IMPORT_SECONDS = 60.0
PROGRAM_SECONDS = 10.0  # some languages take seconds to start
USAGE = 2


class UsageError(Exception):
    """What was asked for cannot be tested at all."""


def run(options):
    """Test what the options name, print the report, and return the exit status."""
    try:
        report = _report(options)
    except (UsageError, TypeError, ValueError, ImportError) as error:
        print(f"lmteach litmus: {error}", file=sys.stderr)
        return USAGE
    write = {"text": report.to_text, "html": report.to_html, "json": report.to_json}
    print(write[options.format]())
    return 0 if report.passed else 1


def _report(options):
    if (options.target is None) == (options.program is None):
        raise UsageError("expected either FILE.py:NAME or --command PROGRAM")
    if options.program is None:
        return _of_file(options)
    seconds = options.seconds or PROGRAM_SECONDS
    made = Command(options.program, options.whole, seconds)
    if not made.exists:
        raise UsageError(f"there is no program {options.program!r}")
    # The program keeps its own time; the call around it may take several answers.
    return examine(made, Calls(None, None), seconds=4 * seconds)


def _of_file(options):
    path, colon, name = options.target.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise UsageError(f"{options.target!r}: expected FILE.py:NAME")
    if not Path(path).is_file():
        raise UsageError(f"there is no file {path}")
    try:
        module = _imported(path)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return _broken(options.target, in_words(error))
    thing = getattr(module, name, None)
    if thing is None:
        raise UsageError(f"{path} has no {name}")
    made = subject(thing, options.kind or guess(thing), name)
    calls = Calls(thing, _must_call(module, options.calls), _beside(module, thing))
    return examine(made, calls, options.seconds or SECONDS)


def _imported(path):
    """The file as a module; its folder is searched for what it imports."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(path).resolve().parent))
    sys.modules[spec.name] = module
    worker = Worker()
    with quiet():
        worker.run(lambda: spec.loader.exec_module(module), IMPORT_SECONDS)
    worker.close()
    return module


def _beside(module, thing):
    """Functions of the file whose names say that they make a step."""
    functions = [f for f in vars(module).values() if isinstance(f, FunctionType)]
    return [f for f in functions if f.__module__ == module.__name__ and SUSPECTS.search(f.__name__)]


def _must_call(module, name):
    if name is None:
        return None
    found = getattr(module, name, None)
    if found is None:
        raise UsageError(f"--calls {name}: there is no such function in the file")
    return found


def _broken(name, words):
    """A report for a file that cannot even be imported."""
    rest = "The file could not be run."
    results = [Result("L9", FAILED, f"{words}.", "the file can be imported.")]
    results = [Result(f"L{k}", "not applicable", rest) for k in range(1, 9)] + results
    return Report(name, results, [f"When the file is run, {words}."])
