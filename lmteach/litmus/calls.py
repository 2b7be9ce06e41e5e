"""Which functions of a subject are really called: "it is defined and never called" is a finding."""

import re
import sys
import types

SUSPECTS = re.compile(r"step|lm|levenberg|marquardt|damp", re.IGNORECASE)


class Calls:
    """Watches the functions inside and beside a subject while it runs.

    `named`: a function, or the name of one beside the subject, that must be called. Functions that
    are defined inside the subject, or closed over by it, are watched too where their name says
    that they make a step; they matter only if what happens is no Levenberg-Marquardt step.
    """

    def __init__(self, subject, named=None, beside=()):
        self._named = dict([_named(subject, named)]) if named is not None else {}
        self._suspects = {f.__code__: f.__name__ for f in beside if f is not subject}
        self._suspects |= _inside(subject)
        self._waiting = {**self._named, **self._suspects}

    def watched(self, function):
        """The same function, with a look at what it calls until all has been seen."""
        if not self._waiting:
            return function

        def watching():
            before = sys.getprofile()
            sys.setprofile(self._look)
            try:
                return function()
            finally:
                sys.setprofile(before)

        return watching

    def never(self, suspects=False):
        """The names of what was not called: those that must be, and the suspects if wanted."""
        names = [self._named[code] for code in self._named if code in self._waiting]
        if (
            suspects
            and not self._named
            and len(self._suspects) == sum(c in self._waiting for c in self._suspects)
        ):
            names += list(self._suspects.values())
        return names

    def _look(self, frame, event, argument):
        if event == "call":
            self._waiting.pop(frame.f_code, None)


def _named(subject, named):
    """(code, name) of the function that must be called."""
    if isinstance(named, str):
        scope = getattr(_function(subject), "__globals__", {})
        found = scope.get(named, getattr(subject, named, None))
        if found is None:
            raise ValueError(f"calls = {named!r}: there is no such function beside the subject")
        named = found
    function = _function(named)
    if function is None:
        raise TypeError(f"calls = {named!r}: expected a Python function or its name")
    return function.__code__, function.__name__


def _inside(subject):
    """{code: name} of the functions defined in a subject, or closed over by it."""
    function = _function(subject)
    if function is None:
        return {}
    codes = [c for c in function.__code__.co_consts if isinstance(c, types.CodeType)]
    for cell in function.__closure__ or ():
        value = _function(getattr(cell, "cell_contents", None))
        codes += [value.__code__] if value else []
    return {c: c.co_name for c in codes if SUSPECTS.search(c.co_name)}


def _function(thing):
    """The Python function behind a thing, or None."""
    thing = getattr(thing, "func", thing)  # a partial
    thing = getattr(thing, "__func__", thing)  # a method
    return thing if isinstance(thing, types.FunctionType) else None
