"""`lmteach doctor`: check what the lessons need, and say what to do about each failure."""

import importlib
import io
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version

from .. import __version__
from . import lessons
from .versions import disagreements, install

PACKAGES = {  # distribution: the module that shows whether it works
    "numpy": "numpy",
    "scipy": "scipy",
    "sympy": "sympy",
    "matplotlib": "matplotlib",
    "ipywidgets": "ipywidgets",
    "ipykernel": "ipykernel",
    "scikit-learn": "sklearn",
}

# Each check, by the name of its function, and what to do if it fails.
ADVICE = {
    "check_packages": "Install the packages named above into this Python: {install} NAME",
    "check_solvers": "Install lmteach again; if that does not help, please report the lines above.",
    "check_figure": "Install it again: {install} --force-reinstall matplotlib",
    "check_kernel": "Start the lessons with {python} -m lmteach lab, which prefers this kernel, "
    "or take the other kernel away: {python} -m jupyter kernelspec remove python3",
    "check_versions": "Then restart the kernels: Kernel > Restart Kernel, in each open lesson.",
    "check_lessons": "Install lmteach again: its lessons travel inside the package.",
    "check_folder": "Choose a folder you may write to: {python} -m lmteach lab FOLDER",
}


def doctor(folder):
    """Print versions and the result of every check; return the exit code, 0 if all is well."""
    print(f"Python {platform.python_version()} ({sys.executable}) on {platform.platform()}")
    checks = [check_packages, check_solvers, check_figure, check_kernel, check_lessons]
    results = [_passes(check) for check in checks]
    results += [_passes(check, folder) for check in (check_versions, check_folder)]
    if all(results):
        print("All is well.")
        return 0
    print(f"{results.count(False)} of {len(results)} checks failed.")
    return 1


def _passes(check, *arguments):
    """Run one check and print its result; whatever it raises, the other checks still run."""
    try:
        print(f"ok      {check(*arguments)}", flush=True)
    except Exception as error:
        print(f"FAILED  {error or type(error).__name__}")
        commands = {"python": sys.executable, "install": install("").rstrip()}
        print(f"        {ADVICE[check.__name__].format(**commands)}", flush=True)
        return False
    return True


def require(condition, complaint):
    """Fail a check with a sentence."""
    if not condition:
        raise RuntimeError(complaint)


def check_packages():
    """Import every package the lessons need."""
    print(f"        lmteach {__version__}")
    _tell_of_jupyterlab()
    broken = [name for name, module in PACKAGES.items() if not _imports(name, module)]
    require(not broken, f"These packages are missing or broken: {', '.join(broken)}.")
    return "Every package can be imported."


def _tell_of_jupyterlab():
    """Say whether `lab` can run: on a hub, and in VS Code, nobody needs JupyterLab here."""
    try:
        print(f"        jupyterlab {version('jupyterlab')}")
    except PackageNotFoundError:
        print("        no jupyterlab: `lmteach lab` needs it, the lessons do not. To have it:")
        print(f"        {install('jupyterlab')}")


def _imports(name, module):
    """Import a package and print its version: an installed one may still be unusable."""
    try:
        importlib.import_module(module)
        print(f"        {name} {version(name)}")
    except Exception as error:  # a broken binary package may raise anything
        print(f"        {name} cannot be imported: {error}")
        return False
    return True


def check_solvers():
    """Solve Rosenbrock's problem, whose answer is known."""
    import numpy as np

    from .. import solve
    from ..examples import START, rosenbrock

    trace = solve(rosenbrock(), START)
    right = trace.success and np.allclose(trace.theta, 1.0)
    require(right, f"The solver ended at {trace.theta} instead of [1, 1]: {trace.message}")
    return "The solvers find the minimum of Rosenbrock's function."


def check_figure():
    """Draw a figure in memory."""
    from matplotlib.figure import Figure

    figure, picture = Figure(), io.BytesIO()
    figure.subplots().plot([1, 0])
    figure.savefig(picture, format="png")
    require(picture.getvalue().startswith(b"\x89PNG"), "Matplotlib did not draw a picture.")
    return "Matplotlib draws a figure."


def check_kernel():
    """Start the kernel python3, as JupyterLab does, and ask where it is and for lmteach."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", stderr=subprocess.DEVNULL)
    try:
        questions = {"where": "sys.prefix"}
        reply = client.execute_interactive(
            "import lmteach, sys", timeout=60, user_expressions=questions
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return _judge(reply["content"])


def _judge(answer):
    """Fail if the kernel is another Python, or is this one and does not find lmteach."""
    require(
        answer["status"] == "ok",
        f"The kernel python3 cannot import lmteach: {answer.get('evalue')}.",
    )
    prefix = answer["user_expressions"]["where"]["data"]["text/plain"]
    require(prefix == repr(sys.prefix), f"The kernel python3 is another Python, in {prefix}.")
    return "The kernel python3 is the Python that has lmteach."


def kernel_python():
    """Return the program that Jupyter starts for the kernel python3, or None if there is none."""
    from jupyter_client.kernelspec import KernelSpecManager

    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except (KeyError, ValueError, OSError):
        return None
    # Jupyter runs the very Python it runs on itself where a kernel only says "python".
    return sys.executable if program in ("python", "python3") else program


def is_this_python(program):
    """Tell whether a program is this Python: it is if both stand in one folder."""
    folders = {os.path.realpath(os.path.dirname(python)) for python in (program, sys.executable)}
    return len(folders) == 1


def check_versions(folder):
    """Compare the lmteach of this command, that of the kernels and that of the lessons."""
    said = disagreements(kernel_python() or sys.executable, folder)
    require(not said, "\n        ".join(said))
    return f"This command, the kernels and the lessons agree on lmteach {__version__}."


def check_lessons():
    """Find the lessons."""
    count = sum(name.endswith(".ipynb") for name in lessons.shipped())
    return f"{count} lessons are in {lessons.shipped_folder()}."


def check_folder(folder):
    """Write into the folder of the learner, or into the one in which it would be made."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    require(place.is_dir(), f"{place} is a file, not a folder.")
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise RuntimeError(f"Nothing can be written in {place}: {error.strerror}.") from error
    return f"{place} can be written to."
