"""Learners' code is run: endless loops, errors with their line, prints; progress is kept."""

import _thread
import json
import os
import signal
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser

import numpy as np
import pytest

from lmteach.exercises import check, hint, progress, record, running
from lmteach.exercises.running import Watch, cpu_clock, is_stub, names_used, run
from lmteach.exercises.verdict import Verdict


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a lesson in it, where nothing is known yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(record, "kept", {})
    monkeypatch.setattr(record, "notes", {})
    (tmp_path / "07_damping.ipynb").write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.fixture
def hasty(monkeypatch):
    """A tenth of the time that learners have."""
    monkeypatch.setattr(running, "SECONDS", 0.3)


# Time


def endless(J, r, mu):
    while True:
        mu += 1


def swallowing(J, r, mu):
    while True:
        try:
            mu += 1
        except Exception:
            pass


def patient(J, r, mu):
    time.sleep(0.1)
    return np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r)


@pytest.mark.parametrize("loop", [endless, swallowing])
def test_an_endless_loop_is_told_in_a_sentence(hasty, loop):
    before = time.process_time()
    verdict = check("7.2", loop)
    assert verdict.right is False and time.process_time() - before < 3
    assert f"{loop.__name__} was stopped after 0.3 seconds of computing" in verdict.text
    assert "a loop that never ends? It was in its line" in verdict.text


def test_who_waits_is_not_accused(hasty):
    assert check("7.2", patient).right is True


def test_others_computing_is_not_counted(hasty):
    """A busy computer: another thread computes all the while."""
    end = threading.Event()

    def busy():
        while not end.is_set():
            sum(range(1000))

    other = threading.Thread(target=busy, daemon=True)
    other.start()
    try:
        if hasattr(time, "pthread_getcpuclockid"):
            assert check("7.2", patient).right is True
    finally:
        end.set()
        other.join()


def test_the_clock_of_a_thread_is_read_by_another():
    clock, seen = cpu_clock(), []
    before = clock()
    sum(range(10**6))
    reader = threading.Thread(target=lambda: seen.append(clock()))
    reader.start()
    reader.join()
    assert seen[0] > before


def test_ctrl_c_is_not_a_mistake_of_the_learners():
    """Also where the suite itself runs in the background, which ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(J, r, mu):
        _thread.interrupt_main()
        while True:
            mu += 1

    try:
        with pytest.raises(KeyboardInterrupt):
            check("7.2", interrupted)
    finally:
        signal.signal(signal.SIGINT, before)
    assert check("7.2", patient).right is True  # and nothing is left running


def test_no_time_limit_reaches_beyond_the_run():
    for _ in range(30):
        run(lambda: sum(range(2000)), [()] * 5, seconds=1e-4)
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    assert not [t for t in threading.enumerate() if isinstance(t, Watch) and not t.stopped.is_set()]


# Errors, prints, None


def test_an_error_is_told_with_name_line_and_shapes():
    def my_step(J, r, mu):
        A = J @ J.T
        return np.linalg.solve(A, -J.T @ r)

    said = check("7.2", my_step).text
    assert said.startswith("my_step raised ValueError in its line 3, `return np.linalg.solve(A,")
    assert "It was given J of shape (" in said and "r of shape (" in said and "mu = " in said
    assert "core dimension" not in said and "the matrix has" in said


def test_entry_by_entry_shapes_are_told():
    said = check("7.2", lambda J, r, mu: J + r).text
    assert "these shapes do not fit entry by entry: (" in said and "broadcast" not in said


def test_a_likely_slip_behind_an_error_is_named():
    said = check("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + np.eye(len(r)), r)).text
    assert "raised ValueError" in said and "likely slip: np.eye(len(r))" in said


def test_a_function_without_an_end_and_one_that_leaves():
    def forever(J, r, mu):
        return forever(J, r, mu)

    def leaving(J, r, mu):
        raise SystemExit

    assert "it calls itself without an end" in check("7.2", forever).text
    assert "raised SystemExit" in check("7.2", leaving).text


def test_prints_are_shown_once(capsys):
    def chatty(J, r, mu):
        print("here I am")
        return r

    check("7.2", chatty)
    assert capsys.readouterr().out == "here I am\n"


def test_a_forgotten_return_is_no_untouched_stub():
    def forgotten(J, r, mu):
        h = -J.T @ r  # noqa: F841

    def untouched(J, r, mu):
        """What it should do."""
        ...

    def to_come(J, r, mu):
        raise NotImplementedError

    said = check("7.2", forgotten)
    assert said.right is False and said.text == "forgotten returns None: is a `return` missing?"
    assert check("7.2", untouched).right is None is check("7.2", to_come).right
    assert is_stub(untouched) and not is_stub(forgotten) and not is_stub(print)


def test_other_arguments_are_told():
    said = check("7.2", lambda J, r: r).text
    assert "cannot be called with 3 arguments: expected damped_step(J, r, mu)" in said


def test_names_are_seen_in_helpers_too():
    def outer(x):
        return [np.linalg.inv(y) for y in x]

    assert "inv" in names_used(outer) and "inv" in names_used(helped)
    assert names_used(print) == set()


def helped(x):
    return helper(x)


def helper(x):
    return np.linalg.inv(x)


# What is seen


class Words(HTMLParser):
    """The words that a screen reader says."""

    def __init__(self):
        super().__init__()
        self.said, self.hidden = [], 0

    def handle_starttag(self, tag, attributes):
        self.hidden += ("aria-hidden", "true") in attributes

    def handle_endtag(self, tag):
        self.hidden -= self.hidden > 0

    def handle_data(self, data):
        self.said += [] if self.hidden else [data]


def words_in(html):
    reader = Words()
    reader.feed(html)
    return "".join(reader.said)


def test_a_verdict_has_sign_colour_and_word():
    good, bad = Verdict("7.2", True, "well"), Verdict("7.2", False, "a < b")
    assert repr(good) == "7.2: ✓ right. well" and repr(bad) == "7.2: ✗ not yet. a < b"
    assert "✓" in good._repr_html_() and "✗" in bad._repr_html_()
    assert words_in(good._repr_html_()) == "7.2: right. well"
    assert words_in(bad._repr_html_()) == "7.2: not yet. a < b"
    assert good._repr_html_().split(";")[0] != bad._repr_html_().split(";")[0]
    assert Verdict("7.2", None, "not attempted yet")._repr_html_() is None


# Progress


def test_progress_is_kept_beside_the_lessons(folder):
    check("9.1", 3)
    check("9.1", 9)
    check("9.1", 4)  # what was right stays right
    check("1.3", 80)
    hint("1.3", 2)
    check("1.1", None)
    held = json.loads((folder / record.FILE).read_text(encoding="utf-8"))
    assert held == {
        "1.3": {"right": False, "tries": 1, "hint": 2},
        "9.1": {"right": True, "tries": 3, "hint": 0},
    }
    record.kept.clear()
    shown = progress()
    assert (shown.state("9.1"), shown.state("1.3"), shown.state("1.1")) == (True, False, None)
    assert repr(shown).startswith("1 of ") and "9.1 ✓" in repr(shown) and "1.3 ✗" in repr(shown)
    assert "9.1: right" in words_in(shown._repr_html_())
    assert [name for name in os.listdir(folder) if name.startswith(".")] == []


def test_where_there_are_no_lessons_nothing_is_written(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    check("9.1", 9)
    assert os.listdir(elsewhere) == [] and progress().state("9.1") is True


@pytest.mark.parametrize("text", ["{", "[1]", '{"9.1": 3}', '{"9.1": {"right": 1}}', "\x00", ""])
def test_a_damaged_file_is_put_aside(folder, text):
    (folder / record.FILE).write_text(text, encoding="utf-8")
    assert check("9.1", 9).right is True
    assert (folder / record.DAMAGED).read_text(encoding="utf-8") == text
    assert "damaged" in repr(progress()) and progress().state("9.1") is True
    assert json.loads((folder / record.FILE).read_text(encoding="utf-8"))["9.1"]["right"]


def test_a_folder_that_cannot_be_written_ends_nothing(folder, monkeypatch):
    def refused(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(record.os, "replace", refused)
    assert check("9.1", 9).right is True
    assert progress().state("9.1") is True
    assert "cannot be written: Permission denied. This session remembers" in repr(progress())


TRACED = """
import sys
from lmteach.exercises.running import run
run(lambda x: x, [(1,)])
sys.settrace(lambda frame, event, argument: None)
print((lambda: "traced")())
"""


def test_after_a_check_code_can_be_traced():
    """A debugger, or coverage, traces what runs after a check: Python 3.11 could hang there."""
    ended = subprocess.run(
        [sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=120
    )
    assert ended.stdout.strip() == "traced", ended.stderr
