"""The committed lessons are clean, and cleaning them twice changes nothing."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbval.plugin import get_sanitize_patterns

import notebooks

LESSONS = notebooks.find("")
LONGEST_CELL = 15
BUNDLE = {
    notebooks.WIDGET_VIEW: {"model_id": "a1b2"},
    "image/png": "iVBORw0=",
    "text/plain": "mu = 1",
}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    """One committed lesson after the other, as plain JSON."""
    return json.loads(request.param.read_text(encoding="utf-8"))


def code_cells(lesson):
    return [cell for cell in lesson["cells"] if cell["cell_type"] == "code"]


def outputs(lesson):
    return [output for cell in code_cells(lesson) for output in cell["outputs"]]


# The committed lessons


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_is_as_the_command_writes_it(path):
    assert notebooks.is_clean(path), f"run: python tests/notebooks.py {path.name}"


def test_every_cell_was_run_in_order(lesson):
    counts = [cell["execution_count"] for cell in code_cells(lesson)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_errors_and_no_warnings(lesson):
    assert [output for output in outputs(lesson) if output["output_type"] == "error"] == []
    assert [output["text"] for output in outputs(lesson) if output.get("name") == "stderr"] == []


def test_no_widget_state_and_no_view_ids(lesson):
    assert lesson["metadata"] == notebooks.METADATA
    assert not any(notebooks.WIDGET_VIEW in output.get("data", {}) for output in outputs(lesson))


def test_cells_are_short(lesson):
    sources = ["".join(cell["source"]) for cell in code_cells(lesson)]
    assert [source for source in sources if len(source.splitlines()) > LONGEST_CELL] == []


# What may differ between two runs


@pytest.mark.parametrize(
    ("printed", "compared"),
    [
        ("<Layer at 0x7f2a2234f1e0>", "<Layer at ADDRESS>"),
        ("#5 : [76 ms] train: 0.0094", "#5 : [TIME] train: 0.0094"),
        ("3s, 1.5 µs, 2e-3 s", "TIME, TIME, TIME"),
        ("-0.0 and [-0., -0.01]", "0.0 and [0., -0.01]"),
        ("/tmp/ipykernel_12/34.py:1: UserWarning", "CELL:1: UserWarning"),
        (r"C:\Users\é\AppData\Local\Temp\ipykernel_12\34.py:1: UserWarning", "CELL:1: UserWarning"),
        ("2 samples in 3 steps, x2 ms, 1-0, -0.05", "2 samples in 3 steps, x2 ms, 1-0, -0.05"),
    ],
)
def test_only_times_addresses_and_the_sign_of_zero_are_not_compared(printed, compared):
    config = Path(__file__).with_name("nbval_sanitize.cfg").read_text(encoding="ascii")
    for pattern, replacement in get_sanitize_patterns(config):
        printed = re.sub(pattern, replacement, printed)
    assert printed == compared


# The command


def soiled():
    """A notebook with everything in it that must not be committed."""
    output = new_output("display_data", BUNDLE)
    run = {"iopub.execute_input": "2026-01-01"}
    cell = new_code_cell(
        "mu = 1", id="a", outputs=[output], execution_count=1, metadata={"execution": run}
    )
    twin = new_code_cell("mu = 1", id="b", metadata={"tags": ["kept"], "scrolled": True})
    kernel = {"kernelspec": {"display_name": "mine", "language": "python", "name": "mine"}}
    metadata = {**kernel, "language_info": {"name": "python", "version": "3.99"}, "widgets": {}}
    return new_notebook(cells=[new_markdown_cell("μ", id="c"), cell, twin], metadata=metadata)


@pytest.fixture
def path(tmp_path):
    """A lesson of two cells that was never run."""
    path = tmp_path / "01_μ.ipynb"
    cells = [new_code_cell("print('μ')\nprint(2)"), new_code_cell("1 + 1")]
    path.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")
    return path


def test_cleaning_keeps_what_the_reader_sees():
    markdown, cell, twin = notebooks.cleaned(soiled()).cells
    assert (markdown.source, cell.source, cell.execution_count) == ("μ", "mu = 1", 1)
    assert cell.outputs[0].data == {"image/png": "iVBORw0=", "text/plain": "mu = 1"}
    assert twin.metadata == {"tags": ["kept"]}


def test_cleaning_drops_what_differs_from_run_to_run():
    clean = notebooks.cleaned(soiled())
    assert clean.metadata == notebooks.METADATA
    assert clean.cells[1].metadata == {}
    assert notebooks.text(notebooks.cleaned(clean)) == notebooks.text(clean)


def test_ids_depend_on_the_source_only():
    ids = [cell.id for cell in notebooks.cleaned(soiled()).cells]
    assert len(set(ids)) == 3
    longer = soiled()
    longer.cells.insert(0, new_markdown_cell("first"))
    assert [cell.id for cell in notebooks.cleaned(longer).cells][1:] == ids


def test_run_and_check(path, capsys, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    assert notebooks.main(["--check", str(path)]) == 1
    assert (
        capsys.readouterr().out == "01_μ.ipynb is not clean: python tests/notebooks.py 01_μ.ipynb\n"
    )
    assert notebooks.main([str(path)]) == 0
    first = path.read_bytes()
    assert [cell.execution_count for cell in notebooks.read(path).cells] == [1, 2]
    assert [output.text for output in notebooks.read(path).cells[0].outputs] == ["μ\n2\n"]
    assert notebooks.main([str(path)]) == 0
    assert path.read_bytes() == first and first.endswith(b"}\n")
    assert notebooks.main(["--check", str(path)]) == 0


def test_an_error_leaves_the_notebook_as_it_was(path, capsys, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    wrong = nbformat.writes(new_notebook(cells=[new_code_cell("1 / 0")]))
    path.write_text(wrong, encoding="utf-8")
    assert notebooks.main([str(path)]) == 1
    assert path.read_text(encoding="utf-8") == wrong
    error = capsys.readouterr().err
    assert (
        "01_μ.ipynb is left as it was" in error
        and "1 / 0" in error
        and "ZeroDivisionError" in error
    )


def test_lessons_are_found_by_the_start_of_their_names(path, monkeypatch):
    monkeypatch.setattr(notebooks, "FOLDER", path.parent)
    assert notebooks.find("01") == notebooks.find("") == notebooks.find("01_μ.ipynb") == [path]
    with pytest.raises(SystemExit, match="There is no notebook 02 in "):
        notebooks.find("02")
