"""Files of a learner: written whole or not at all, and read without trusting what is in them."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import stat
import time

DRAFT = ".lmteach-draft-"  # what the name of a file begins with that is not finished
STALE = 60  # seconds after which nobody writes a draft any more
LARGEST = 2**26  # bytes of a notebook that is still read
NO_FLUSH = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # from a file system that cannot


class Damaged(ValueError):
    """A file is no notebook that JupyterLab can read; the message says why."""


def write_whole(path, data):
    """Write bytes as a draft that then takes the file's name, so that no half file has it.

    After an error or a break, the file is what it was before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(DRAFT + secrets.token_hex(4))
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            _to_disk(file)
        _same_mode(path, draft)
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _to_disk(file):
    """Have the bytes on the disk before the name: else a power cut may leave an empty file."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in NO_FLUSH:
            raise


def _same_mode(path, draft):
    """Give the draft the file's permissions; its owner may write it."""
    with contextlib.suppress(OSError):  # there is no file yet, or the disk has no permissions
        draft.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IWUSR)


def copy_whole(source, target):
    """Copy a file with its times as `write_whole` writes it."""
    write_whole(target, source.read_bytes())
    with contextlib.suppress(OSError):
        times = source.stat()
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def remove_stale_drafts(folder):
    """Remove the drafts that a killed process has left."""
    for draft in folder.rglob(f"{DRAFT}*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.lstat().st_mtime > STALE:
                draft.unlink()


def is_protected(path):
    """Tell whether nobody but its owner should touch a file: it is a link, or read-only."""
    return path.is_symlink() or not path.stat().st_mode & stat.S_IWUSR


def obstacle(folder, path):
    """Return what is in the way of a file inside the folder, in words; "" if nothing is."""
    for place in (path, *path.parents):
        if place == folder:
            return ""
        inside = place != path
        if place.is_symlink() and (inside or not place.exists()):
            leads = "elsewhere" if place.exists() else "nowhere"
            return f"{place.name} is a link that leads {leads}"
        if inside and place.exists() and not place.is_dir():
            return f"{place.name} is a file, not a folder"
        if not inside and place.exists() and not place.is_file():
            return f"there is a {'folder' if place.is_dir() else 'device'} of that name"
    return ""


def read_notebook(path):
    """Return a notebook as JupyterLab saves it; Damaged says why there is none."""
    size = path.stat().st_size
    if size == 0:
        raise Damaged("it is empty")
    if size > LARGEST:
        raise Damaged(f"it is larger than {LARGEST // 2**20} MB")
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise Damaged("it is nested too deeply") from None
    except ValueError:
        raise Damaged("it is not JSON") from None
    if complaint := _complaint(notebook):
        raise Damaged(complaint)
    return notebook


def _complaint(notebook):
    """Return what a notebook lacks, in words; "" if nothing."""
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        return "it has no cells"
    if notebook.get("nbformat") != 4:
        return f"its nbformat is {notebook.get('nbformat')!r}, not 4"
    if not isinstance(notebook.get("metadata", {}), dict):
        return "its metadata is no table"
    wrong = [k for k, cell in enumerate(notebook["cells"], 1) if not _is_cell(cell)]
    return f"its cell {wrong[0]} is incomplete" if wrong else ""


def _is_cell(cell):
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return False
    source, outputs = cell.get("source"), cell.get("outputs", [])
    lines = source if isinstance(source, list) else [source]
    return (
        all(isinstance(line, str) for line in lines)
        and isinstance(cell.get("metadata", {}), dict)
        and isinstance(outputs, list)
        and all(isinstance(output, dict) for output in outputs)
    )


def notebook_bytes(notebook):
    """Return a notebook as bytes. Raises ValueError or RecursionError where there is no JSON."""
    look = {"indent": 1, "allow_nan": False}
    try:
        return (json.dumps(notebook, ensure_ascii=False, **look) + "\n").encode()
    except UnicodeEncodeError:  # half of a letter outside the basic plane
        return (json.dumps(notebook, **look) + "\n").encode()


def sources_hash(path):
    """Return a hash of a notebook's cell sources, or of all bytes of any other file.

    A damaged notebook counts as any other file. Empty cells don't count: Shift-Enter adds one at
    the end.
    """
    try:
        cells = read_notebook(path)["cells"]
    except Damaged:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    sources = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    sources = [source for source in sources if source[1].strip()]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
