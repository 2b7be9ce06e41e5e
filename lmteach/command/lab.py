"""`lmteach lab` and `lessons`: copy the lessons into a folder, and run JupyterLab there."""

import contextlib
import importlib.util
import os
import sys
import urllib.request
import webbrowser

from .. import __version__
from . import lessons, page
from .doctor import is_this_python, kernel_python
from .versions import are_newer, disagreements, install

QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
ANSWER_SECONDS = 5  # a server on this computer that does not answer by then is gone
NEWS = {
    "updated": "{name} was updated; you had not changed it.",
    "beside": "{name} is kept as you have it; the newer version is beside it as {other}.",
    "reset": "{name} is fresh again; your version is kept as {other}.",
    "damaged": "{name} cannot be read as a notebook ({other}) and is left as it is; for a fresh "
    "one: python -m lmteach lab --reset {name}",
    "blocked": "{name} was left out: {other}.",
}


def lab(folder, reset, options):
    """Bring the lessons up to date in the folder and run JupyterLab there until it ends."""
    if importlib.util.find_spec("jupyterlab") is None:
        return _fail(
            f"JupyterLab is missing. Install it: {install('jupyterlab')}; "
            "or copy the lessons for another program: python -m lmteach lessons FOLDER"
        )
    if server := _running_in(folder):
        return _open_again(folder, server, reset, options)
    if failed := bring(folder, reset):
        return failed
    _one_thread()
    return _run_jupyterlab(folder, options)


def bring(folder, reset):
    """Bring the lessons up to date in the folder, say what was done, and return the exit code."""
    said = disagreements(kernel_python() or sys.executable, folder)
    if are_newer(folder):
        return _leave_alone(said, reset)
    try:
        outcomes = lessons.install(folder, reset, __version__) + lessons.strip_dead_views(folder)
    except lessons.LessonError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(_cannot_write(folder, error))
    _tell(folder, outcomes)
    for sentence in said:
        print(sentence)
    return 0


def _leave_alone(said, reset):
    """Say why newer lessons are not replaced by older ones; where a reset was asked for, fail."""
    print("\n".join(said))
    if reset:
        return _fail("The lessons are left as they are, and nothing is reset.")
    print("The lessons are left as they are.")
    return 0


def _running_in(folder):
    """Return what is known of a JupyterLab that runs in this folder, None if there is none."""
    from jupyter_server.serverapp import list_running_servers

    place = str(folder.resolve())
    servers = [server for server in list_running_servers() if server.get("root_dir") == place]
    return next((server for server in servers if _answers(server)), None)


def _page(server, path):
    token = server.get("token")
    return server["url"] + path + (f"?token={token}" if token else "")


def _answers(server):
    """Tell whether a server is there: the file that names it outlives a computer that crashed."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(_page(server, "api/status"), timeout=ANSWER_SECONDS):
            return True
    except OSError:
        return False


def _open_again(folder, server, reset, options):
    """Show the page of the JupyterLab that runs in the folder already, and start no second one."""
    print(f"JupyterLab runs in {folder} already, at {_page(server, 'lab')}")
    print("No second one is started, and its lessons are not touched.")
    if reset or os.environ.get("LMTEACH_PROJECTOR") == "1":
        print("For --reset or --projector, end that one first: Ctrl-C where it was started.")
    if "--no-browser" not in options:
        webbrowser.open(_page(server, "lab"))
    return 0


def _one_thread():
    """Let BLAS use one thread, unless the user has said otherwise.

    The lessons' matrices are small, and threads that wait for each other on a busy computer have
    made a run a hundred times slower.
    """
    if not any(name in os.environ for name in THREADS):
        os.environ[THREADS[0]] = "1"
        print(f"Linear algebra runs on one thread; to have more, set {THREADS[0]} before.")


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


def copy_only(folder, reset):
    """Bring the lessons up to date in the folder for a hub, VS Code or another program."""
    failed = bring(folder, reset)
    if not failed:
        print("Open the notebooks there with any program that runs them, such as VS Code.")
    return failed


def _run_jupyterlab(folder, options):
    """Run JupyterLab in this process, whose Python is the one that has lmteach.

    JupyterLab handles Ctrl-C itself.
    """
    from jupyterlab.labapp import LabApp

    _silence_the_news()
    prefer_this_kernel()
    given = {option.partition("=")[0] for option in options}
    wanted = [*QUIET, "-y", f"--ServerApp.root_dir={folder.resolve()}", *_if_root(given)]
    own = [option for option in [*page.options(), *wanted] if option.partition("=")[0] not in given]
    print("JupyterLab starts now; Ctrl-C here ends it.", flush=True)
    try:
        with contextlib.chdir(folder):
            LabApp.launch_instance([*own, *options])
    except KeyboardInterrupt:
        print("JupyterLab was interrupted.")
    return 0


def _silence_the_news():
    """Switch off the plugin that asks whether news is wanted: it asks whatever QUIET says."""
    here = page.settings()
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([here, others] if others else [here])


def _if_root(given):
    root = getattr(os, "geteuid", lambda: None)() == 0
    if root and "--allow-root" not in given:
        print("You are root, so JupyterLab is started with --allow-root.")
    return ["--allow-root"] if root else []


def prefer_this_kernel():
    """Put the kernels of this Python before those a user or another program has registered."""
    here = os.path.join(sys.prefix, "share", "jupyter")
    others = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join([here, others] if others else [here])
    program = kernel_python()
    if program is None:
        print("No kernel python3 was found. Ask what is wrong: python -m lmteach doctor")
    elif not is_this_python(program):
        print(
            f"Another Python, {program}, is registered as the kernel python3 "
            "and may not have lmteach."
        )
        print(f"Take it away with: {sys.executable} -m jupyter kernelspec remove python3")
