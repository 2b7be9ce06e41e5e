"""What litmus found: nine results, the mistakes with this fingerprint, and notes."""

import json
from dataclasses import dataclass, field
from html import escape

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"
TITLES = {
    "L1": "solves a linear problem in one undamped step",
    "L2": "μD²h → −g as μ grows, for some positive diagonal D",
    "L3": "unchanged when r and J flip sign, and descends",
    "L4": "the step gets shorter as μ grows",
    "L5": "J has the right shape and rank",
    "L6": "F never rises at an accepted step",
    "L7": "a refused step leaves θ as it was, bit for bit",
    "L8": "ends where SciPy's Levenberg-Marquardt ends",
    "L9": "the step is really made, from r and J",
}


@dataclass(frozen=True)
class Result:
    """One test: what it was put to, what was seen, and what a true Levenberg-Marquardt gives."""

    name: str
    status: str
    seen: str
    expected: str = ""
    problem: str = ""

    @property
    def title(self):
        """What the test asks, in words."""
        return TITLES[self.name]


@dataclass
class Report:
    """Whether a subject is Levenberg-Marquardt, why, and which known mistakes explain its steps."""

    subject: str
    results: list
    mistakes: list
    notes: list = field(default_factory=list)

    @property
    def passed(self):
        """True if nothing failed."""
        return not self.failed

    @property
    def failed(self):
        """The names of the tests that failed."""
        return self._names(FAILED)

    @property
    def not_applicable(self):
        """The names of the tests that could not be put to this subject."""
        return self._names(NOT_APPLICABLE)

    def _names(self, status):
        return [result.name for result in self.results if result.status == status]

    @property
    def verdict(self):
        """One sentence."""
        put = len(self.results) - len(self.not_applicable)
        if self.passed:
            return f"{self.subject}: nothing speaks against Levenberg-Marquardt in {put} tests."
        failed = ", ".join(self.failed)
        return f"{self.subject}: this is not Levenberg-Marquardt. It fails {failed} of {put} tests."

    def to_text(self):
        """The report as text."""
        lines = [self.verdict, ""]
        for r in self.results:
            lines.append(f"{r.name} {r.status:14s} {r.title}")
            lines += [f"     {words}" for words in _explained(r)]
        lines += _listed("What has this fingerprint, likeliest first:", self.mistakes)
        if self.failed:
            lines += ["", self.advice]
        lines += _listed("Also noticed:", self.notes)
        return "\n".join(lines)

    @property
    def advice(self):
        """What to do next, where something failed."""
        if self.mistakes:
            return "Mend the first, then run litmus again: one mistake can hide another."
        return (
            "No known mistake reproduces these steps. Compare h with the solution of "
            "(JᵀJ + μI) h = −Jᵀr on two parameters, by hand."
        )

    def to_json(self):
        """The report as JSON."""
        results = [
            {
                "name": r.name,
                "title": r.title,
                "status": r.status,
                "problem": r.problem,
                "seen": r.seen,
                "expected": r.expected,
            }
            for r in self.results
        ]
        whole = {"subject": self.subject, "passed": self.passed, "verdict": self.verdict}
        whole |= {"failed": self.failed, "not_applicable": self.not_applicable}
        whole |= {"mistakes": self.mistakes, "notes": self.notes, "results": results}
        return json.dumps(whole, indent=1, ensure_ascii=False)

    def to_html(self):
        """The report as an HTML fragment."""
        rows = [
            f"<tr><th scope='row'>{r.name}</th><td>{r.status}</td><td>{escape(r.title)}</td>"
            f"<td>{'<br>'.join(escape(words) for words in _explained(r))}</td></tr>"
            for r in self.results
        ]
        head = "<tr><th>test</th><th>result</th><th>what it asks</th><th>evidence</th></tr>"
        parts = [f"<p>{escape(self.verdict)}</p><table>{head}{''.join(rows)}</table>"]
        parts += _as_list("What has this fingerprint, likeliest first", self.mistakes)
        parts += [f"<p>{escape(self.advice)}</p>"] if self.failed else []
        return "".join(parts + _as_list("Also noticed", self.notes))

    def _repr_html_(self):
        return self.to_html()

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return f"<litmus report: {self.verdict}>"


def _explained(result):
    lines = [f"Put to: {result.problem}."] if result.problem else []
    lines.append(f"Seen: {result.seen}" if result.status == FAILED else result.seen)
    if result.status == FAILED and result.expected:
        lines.append(f"A true one: {result.expected}")
    return lines


def _listed(title, sentences):
    numbered = [f"{k}. {words}" for k, words in enumerate(sentences, 1)]
    return ["", title, *numbered] if sentences else []


def _as_list(title, sentences):
    items = "".join(f"<li>{escape(words)}</li>" for words in sentences)
    return [f"<p>{title}:</p><ol>{items}</ol>"] if sentences else []
