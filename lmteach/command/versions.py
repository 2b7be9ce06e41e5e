"""Which lmteach runs: that of this command, that of the kernels, the one the lessons came from."""

import filecmp
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from . import lessons

SECONDS = 30  # a computer that is busy starts Python slowly
FIND = "import importlib.util as u; found = u.find_spec('lmteach'); print(found and found.origin)"
NUMBER = re.compile(r'^__version__ = "([^"]*)"', re.M)


class Package(NamedTuple):
    """One lmteach on this computer: its version, and the folder of its modules."""

    version: str
    place: Path

    def __str__(self):
        return f"lmteach {self.version} in {self.place}"


def of_this_command():
    """Return the Package whose command runs."""
    return Package(__version__, Path(__file__).resolve().parents[1])


def of_the_kernels(program, folder):
    """Return the Package that a kernel finds in the folder of the lessons; None if there is none.

    It is looked for, not imported. Raises OSError where the program cannot be run, and
    subprocess.SubprocessError where it does not answer.
    """
    place = next(place for place in (folder, *folder.resolve().parents) if place.is_dir())
    asked = subprocess.run(
        [program, "-c", FIND],
        cwd=place,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=True,
    )
    found = Path(asked.stdout.strip())
    if not found.is_file():
        return None
    number = NUMBER.search(found.read_text(encoding="utf-8"))
    return Package(number[1] if number else "unknown", found.resolve().parent)


def disagreements(program, folder):
    """Return sentences on what does not fit together, each with how to mend it; [] if all does."""
    return [
        said for said in (_of_packages(program, folder), _of_lessons(folder)) if said is not None
    ]


def _of_packages(program, folder):
    here = of_this_command()
    try:
        there = of_the_kernels(program, folder)
    except (OSError, subprocess.SubprocessError) as error:
        return f"The Python of the kernels, {program}, cannot be asked for its lmteach: {error}"
    if there is None:
        return f"The kernels do not find lmteach. Install it: {_install(here, program)}"
    if there.version != here.version:
        return (
            f"This command is {here}, but the kernels use {there}. "
            f"Bring them together: {_install(here, program)}"
        )
    if changed := _differing(here.place, there.place):
        return (
            f"This command is {here}, but the kernels use {there}, and {changed} of their files "
            f"differ. Bring them together: {_install(here, program)}"
        )
    return None


def _of_lessons(folder):
    here, put = of_this_command(), lessons.put_by(folder)
    if not put or not is_older(here.version, put):
        return None
    return (
        f"The lessons in {folder} are of lmteach {put}, and this is the older {here.version}. "
        f"Install the newer one: {sys.executable} -m pip install --upgrade lmteach"
    )


def is_older(version, other):
    """Tell whether a version is older than another: compared number by number."""
    return _numbers(version) < _numbers(other)


def _numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)]


def _install(package, program):
    """Return the command that gives the kernels the lmteach of this command."""
    checkout = package.place.parent
    if (checkout / "pyproject.toml").is_file():
        return f'{program} -m pip install "{checkout}"'
    return f"{program} -m pip install lmteach=={package.version}"


def _differing(here, there):
    """Return how many modules of two packages differ, or are in one of them only."""
    names = {path.relative_to(root) for root in (here, there) for path in root.rglob("*.py")}
    return sum(not _same(here / name, there / name) for name in names)


def _same(one, other):
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
