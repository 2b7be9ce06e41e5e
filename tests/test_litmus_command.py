"""`lmteach litmus`: files and programs in any language, and what their exit status says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lmteach.command.cli import main
from lmteach.litmus import litmus
from lmteach.litmus.kinds import KINDS
from lmteach.replicas import REPLICAS

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "litmus.md"
GOOD = """
import numpy as np
def lm_step(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    rn = residual(theta + h)
    return (theta + h, True) if rn @ rn < r @ r else (theta, False)
def sgd(residual, jacobian, theta0):
    for _ in range(100):
        theta0 = theta0 - 1e-3 * jacobian(theta0).T @ residual(theta0)
    return theta0
"""


def script(folder, source):
    """A command line that runs this source with this Python."""
    path = folder / "program.py"
    path.write_text(source, encoding="utf-8")
    return f'"{sys.executable}" "{path}"'


def told(capsys, *arguments):
    """(exit status, the JSON report) of a run."""
    status = main(["litmus", *arguments, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_step_in_a_file(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(GOOD, encoding="utf-8")
    assert main(["litmus", f"{path}:lm_step"]) == 0
    assert "nothing speaks against Levenberg-Marquardt" in capsys.readouterr().out
    status, report = told(capsys, f"{path}:sgd")
    assert status == 1 and "gradient descent" in " ".join(report["mistakes"])
    assert "lm_step is never called" in " ".join(report["mistakes"])
    status, report = told(capsys, f"{path}:sgd", "--calls", "lm_step")
    assert status == 1 and "L9" in report["failed"]


def test_a_file_that_breaks_when_it_is_run(tmp_path, capsys):
    path = tmp_path / "broken.py"
    path.write_text("1 / 0\n", encoding="utf-8")
    status, report = told(capsys, f"{path}:step")
    assert status == 1 and "ZeroDivisionError" in report["mistakes"][0]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nowhere.py:step"],
        ["step"],
        ["--command", "no-such-program-here"],
        [f"{HERE / 'litmus_zoo.py'}:no_such_name"],
        [f"{HERE / 'litmus_zoo.py'}:textbook", "--calls", "no_such_name"],
        [f"{HERE / 'litmus_zoo.py'}:textbook", "--command", "python"],
        [f"{HERE / 'litmus_zoo.py'}:textbook", "--kind", "stepping"],
    ],
)
def test_nothing_to_test_is_a_usage_error(arguments, capsys):
    assert main(["litmus", *arguments]) == 2
    assert "lmteach litmus: " in capsys.readouterr().err


def test_the_help_names_every_kind_and_every_exit_status(capsys):
    with pytest.raises(SystemExit):
        main(["litmus", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(kind in said for kind in KINDS)
    assert all(words in said for words in ("0: nothing failed", "1: it is no", "2: nothing to"))


def test_other_commands_do_not_wait_for_scipys_optimizers():
    source = "import sys; from lmteach.command.cli import main; main([]); "
    source += "sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], stdout=subprocess.DEVNULL).returncode == 0


def compiled(folder, *flags):
    """The C program, where there is a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler here")
    program = folder / "step"
    subprocess.run([compiler, *flags, "-o", program, HERE / "litmus_step.c"], check=True)
    return f'"{program}"'


def test_a_c_program(tmp_path, capsys):
    assert len((HERE / "litmus_step.c").read_text(encoding="utf-8").splitlines()) <= 60
    status, report = told(capsys, "--command", compiled(tmp_path))
    assert status == 0 and report["not_applicable"] == ["L5"], report


def test_a_c_program_with_a_flipped_sign(tmp_path, capsys):
    status, report = told(capsys, "--command", compiled(tmp_path, "-DSIGN=1.0"))
    assert status == 1 and "sign is wrong" in report["mistakes"][0]


def test_the_pages_example_passes_and_has_20_lines(tmp_path, capsys):
    (source,) = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(source.splitlines()) <= 20
    status, report = told(capsys, "--command", script(tmp_path, source))
    assert status == 0 and report["not_applicable"] == ["L5"], report


def test_the_pages_test_of_three_lines_fails_for_a_wrong_step_only():
    source = re.search(r"(def test_my_solver.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(source[1].strip().splitlines()) == 3
    module = {"litmus": litmus, "my_step": REPLICAS["Levenberg-Marquardt"]}
    exec(source[1], module)
    module["test_my_solver_is_levenberg_marquardt"]()
    module["my_step"] = REPLICAS["gradient descent"]
    with pytest.raises(AssertionError, match="gradient descent"):
        module["test_my_solver_is_levenberg_marquardt"]()


NEVER_ASKS = """
import json, sys
import numpy as np
for line in sys.stdin:
    q = json.loads(line)
    J, r, theta = (np.array(q[k]) for k in ("J", "r", "theta"))
    h = np.linalg.solve(J.T @ J + q["mu"] * np.eye(len(theta)), -J.T @ r)
    print(json.dumps({"theta": (theta + h).tolist(), "accepted": True}), flush=True)
"""
WHOLE = """
import json, sys
import numpy as np
def ask(theta):
    print(json.dumps({"ask": theta.tolist()}), flush=True)
    answer = json.loads(sys.stdin.readline())
    return np.array(answer["r"]), np.array(answer["J"])
for line in sys.stdin:
    q = json.loads(line)
    J, r, theta = (np.array(q[k]) for k in ("J", "r", "theta"))
    mu = 0.01
    for _ in range(60):
        h = np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)
        rn, Jn = ask(theta + h)
        if rn @ rn < r @ r:
            theta, r, J, mu = theta + h, rn, Jn, mu / 10
        else:
            mu *= 10
    print(json.dumps({"theta": theta.tolist()}), flush=True)
"""


def test_a_program_that_never_asks_is_not_judged(tmp_path, capsys):
    status, report = told(capsys, "--command", script(tmp_path, NEVER_ASKS))
    assert status == 0 and report["not_applicable"] == ["L5", "L6", "L7"]


def test_a_program_that_is_a_whole_solver(tmp_path, capsys):
    status, report = told(capsys, "--whole", "--command", script(tmp_path, WHOLE))
    assert status == 0, report


BROKEN = {
    "gave no answer within 2 s": "import sys\nsys.stdin.readline()\nwhile True: pass",
    "printed 'hello'": "import sys\nfor line in sys.stdin: print('hello', flush=True)",
    "exit status 3": "import sys\nsys.stdin.readline()\nsys.exit(3)",
    "saying 'out of luck'": "raise SystemExit('out of luck')",
    "printed '[1, 2]'": "print([1, 2], flush=True)\nimport sys\nsys.stdin.read()",
    "expected theta or ask": "import sys\nfor line in sys.stdin: print('{}', flush=True)",
    "asked at 'x'": 'import sys\nfor line in sys.stdin: print(\'{"ask": "x"}\', flush=True)',
    "θ of shape (1,)": "import sys\nfor line in sys.stdin: print('{\"theta\": [1]}', flush=True)",
}


@pytest.mark.parametrize("words", BROKEN)
def test_a_program_that_breaks_is_told_in_a_sentence(words, tmp_path, capsys):
    command = script(tmp_path, BROKEN[words])
    status, report = told(capsys, "--command", command, "--seconds", "2")
    assert status == 1 and words in report["mistakes"][0], report["mistakes"]
