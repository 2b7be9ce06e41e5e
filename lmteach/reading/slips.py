"""Slips of whoever writes a formula down, one token at a time; and what would undo one."""

from dataclasses import dataclass

import numpy as np

from .values import Layers, Numbered

SIGN = {"+": "-", "-": "+"}
ORDER = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}
EXTREME = {r"\max": r"\min", r"\min": r"\max", r"\infty": "0"}
PRODUCT = {r"\circ": "", r"\otimes": r"\circ", "@": "*", "*": "@"}
LAYERS = ("l", "L", "k")


@dataclass(frozen=True)
class Slip:
    """Tokens first … last become `new`, a text of tokens."""

    kind: str
    first: int
    last: int
    new: str

    def of(self, tokens):
        """Return the tokens with the slip in them."""
        return [*tokens[: self.first], *self.new.split(), *tokens[self.last + 1 :]]

    def __str__(self):
        return f"{self.kind} at token {self.first}: {self.new or 'nothing'}"


def slips(tokens, scene):
    """Return every Slip of a formula that changes its tokens, once."""
    return _different(tokens, (_swapped, _factors, _scripts, _names(tokens, scene)))


def repairs(tokens, scene):
    """Return the slips, and what undoes those of them that take something away."""
    near, far = _names(tokens, scene), _names(None, scene)
    rules = (_swapped, _added(scene), _scripts, _factors, _layers(scene), near, far)
    return _different(tokens, rules)


def _different(tokens, rules):
    found = {}
    for rule in rules:
        for i in range(len(tokens)):
            for kind, last, new in rule(tokens, i):
                slip = Slip(kind, i, last, new)
                if slip.of(tokens) != tokens:
                    found.setdefault(tuple(slip.of(tokens)), slip)
    return list(found.values())


def _swapped(tokens, i):
    for kind, pairs in (
        ("sign", SIGN), ("relation", ORDER), ("extreme", EXTREME), ("product", PRODUCT),
        ("prime", {"'": ""}), ("1/mu", {r"\mu": r"\tfrac 1 { \mu }"}),
    ):  # fmt: skip
        if tokens[i] in pairs:
            yield kind, i, pairs[tokens[i]]


def _factors(tokens, i):
    token, before = tokens[i], tokens[max(i - 2, 0) : i]
    in_fraction = any(part.endswith("frac") for part in before)
    if tokens[i : i + 3] == [r"\tfrac", "1", "2"]:
        yield "factor", i + 2, ""
        yield "factor", i + 2, "2"
    elif token in "123456789" and before[-1:] not in (["^"], ["_"], ["["]) and not in_fraction:
        yield "factor", i, "3" if token == "2" else "2"
    if token in ("=", *ORDER) and i + 1 < len(tokens):
        yield "factor", i, f"{token} 2"


def _scripts(tokens, i):
    token, after = tokens[i], tokens[i + 1 : i + 3]
    if token == "^" and after[:1] == [r"\top"]:
        yield "transpose", i + 1, ""
    elif token == r"\top" and tokens[i - 1] not in ("^", "{"):
        yield "transpose", i, ""
    elif token == "^" and after[:1] in (["2"], ["3"]):
        yield "exponent", i + 1, "^ 3" if after[0] == "2" else "^ 2"
        yield "exponent", i + 1, ""
    elif token == "^" and after[:1] and after[0] in LAYERS:
        yield "layer", i + 1, f"^ {{ {after[0]} - 1 }}"
        yield "layer", i + 1, f"^ {{ {after[0]} + 1 }}"
    elif token in LAYERS and after[:1] in (["+"], ["-"]) and after[1:] == ["1"]:
        if tokens[i - 1] == "{":
            yield "layer", i + 2, token
    elif token == "_" and after[:1] == ["{"]:
        yield from _index_order(tokens, i)


def _index_order(tokens, i):
    stop = tokens.index("}", i)
    inside = tokens[i + 2 : stop]
    if len(inside) > 1 and not set("+-=<") & set(inside) and all(len(t) == 1 for t in inside):
        yield "index order", stop, " ".join(["_ {", inside[1], inside[0], *inside[2:], "}"])


def _names(among, scene):
    """The rule that takes one name for another of its shape, or one index for another."""
    kinds = _kinds(scene)
    others = {t.lstrip("\\") for t in among} if among else set(kinds) | set(scene.ranges)

    def rule(tokens, i):
        token, key, after = tokens[i], tokens[i].lstrip("\\"), tokens[i + 1 : i + 2]
        if token.startswith((r"\text", r"\begin")) or tokens[i - 1] in (r"\hat", r"\tilde"):
            return
        if key in kinds and after != ["'"]:
            for other in sorted(others - {key}):
                if kinds.get(other) == kinds[key]:
                    yield "name", i, other if len(other) == 1 else f"\\{other}"
        if token in scene.ranges and _in_subscript(tokens, i):
            for other in sorted(others - {token}):
                if other in scene.ranges:
                    yield "index", i, other

    return rule


def _kinds(scene):
    """{name: what it may be taken for: values of one shape}."""
    found = {}
    for key, value in scene.values.items():
        plain = key.isalpha() and key != "first"
        if plain and not callable(value) and not isinstance(value, dict | range | str):
            one = value.values[-1] if isinstance(value, Numbered) else value
            found[key] = isinstance(value, Layers), np.shape(one)
    return found


def _in_subscript(tokens, i):
    depth = 0
    if tokens[i - 1] == "_":
        return True
    for j in range(i - 1, 0, -1):
        depth += {"}": 1, "{": -1}.get(tokens[j], 0)
        if depth < 0:
            return tokens[j - 1] == "_"
    return False


def _added(scene):
    """The rule that adds a ᵀ, a factor, a square, a sign or a prime."""
    kinds = _kinds(scene)

    def rule(tokens, i):
        token, after = tokens[i], tokens[i + 1 : i + 2]
        is_name = token.lstrip("\\") in kinds
        if token in ("=", "(") and after not in (["+"], ["-"]):
            yield "sign", i, f"{token} -"
        stop = _end_of_name(tokens, i)
        if is_name and tokens[stop + 1 : stop + 2] != ["^"]:
            name = " ".join(tokens[i : stop + 1])
            yield "transpose", stop, rf"{name} ^ \top"
            yield "exponent", stop, f"{name} ^ 2"
        if token == "^" and after == ["{"]:
            stop = tokens.index("}", i)
            if r"\top" not in tokens[i:stop]:
                yield "transpose", stop, " ".join([*tokens[i:stop], r"\top }"])
        if token in (r"\rVert", ")"):
            yield "exponent", i, f"{token} ^ 2"
            yield "transpose", i, rf"{token} ^ \top"
        if is_name or token in ("(", r"\lVert", r"\sum", r"\frac"):
            yield "factor", i, rf"\tfrac 1 2 {token}"
            yield "factor", i, f"2 {token}"
        if token == "2" and tokens[i - 1] != "^":
            yield "factor", i, ""
            yield "factor", i, r"\tfrac 1 2"
        if f"{token}'()" in scene.values and after == ["("]:
            yield "prime", i, f"{token} '"
        factor = is_name or token == "(" or f"{token}()" in scene.values
        if i and tokens[i - 1] in (")", "}") and factor:
            yield "product", i, rf"\circ {token}"

    return rule


def _end_of_name(tokens, i):
    """Where the subscripts of the name at i end."""
    if tokens[i + 1 : i + 2] != ["_"]:
        return i
    return tokens.index("}", i) if tokens[i + 2] == "{" else i + 2


def _layers(scene):
    """The rule that goes one layer on or back where a number stands above a name."""

    def rule(tokens, i):
        has_layers = isinstance(scene.values.get(tokens[i].lstrip("\\")), Layers)
        if has_layers and tokens[i + 1 : i + 2] == ["^"]:
            at = i + 3 if tokens[i + 2] == "{" else i + 2
            if tokens[at].isdigit():
                for number in (int(tokens[at]) - 1, int(tokens[at]) + 1):
                    yield "layer", at, " ".join([*tokens[i:at], str(number)])
            elif tokens[at - 1] == "{" and tokens[at + 1] not in SIGN:
                for sign in SIGN:
                    yield "layer", at, " ".join([*tokens[i : at + 1], sign, "1"])

    return rule
