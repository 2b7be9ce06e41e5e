r"""LaTeX as a tree. What is not in this grammar raises Unreadable: nothing is guessed.

    equation  = rows parted by \\; one that begins with = goes on from the row above
    statement = chain {(⇒ | ⇔) chain} | "min over h: " sum | "l = 1, …, L"
    chain     = sum {(= | < | ≤ | ≥ | > | ≈ | ≠ | ←) sum}
    sum       = [±] term {± term}
    term      = product {(∘ | ⊗) product} [|_{x = 0}]
    product   = factor {[· | /] factor}
    factor    = atom with ' _ ^, or Σ, lim, max, ∇, d/dx and what they act on

A node is a tuple that begins with its kind. A name is ("name", key, subscripts, superscript):
\theta^* has the key "theta*", h_i^{\text{GN}} "h^GN", \hat a "hat a", and r'' "r''".
"""

import re

TOKEN = re.compile(
    r"\\text(?:tt)?\{[^}]*\}|\\(?:begin|end)\{\w+\}|\\operatorname\{\w+\}"
    r"|\\[a-zA-Z]+|\\.|\d+\.\d+|\d|\S"
)
NOTHING = set(r"\, \; \! \: \left \right \quad \big \bigl \bigr \Big \Bigl \Bigr .".split())
RELATIONS = {
    "=": "=", "<": "<", ">": ">", r"\le": "≤", r"\leq": "≤", r"\ge": "≥", r"\geq": "≥",
    r"\approx": "≈", r"\neq": "≠", r"\leftarrow": "←",
}  # fmt: skip
ARROWS = {
    r"\Rightarrow": "if", r"\Longrightarrow": "if", r"\iff": "iff", r"\Longleftrightarrow": "iff",
}  # fmt: skip
EVERY = (r"\text{ for every }", r"\text{for every }")
IS, IS_ROW, OF = r"\text{is}", r"\text{is row }", r"\text{ of}"
FUNCTIONS = {
    r"\ln": "ln", r"\log": "ln", r"\cos": "cos", r"\tanh": "tanh", r"\max": "max",
    r"\operatorname{diag}": "diag",
}  # fmt: skip
MARKS = {"*": "*", r"\max": "max", r"\min": "min"}
SIGNS = {"+": "add", "-": "subtract"}
TERMS = {r"\circ": "hadamard", r"\otimes": "kron"}
PRODUCTS = {r"\cdot": "dot", "/": "over", "*": "star", "@": "matmul", r"\times": "octave"}
CLOSING = {")", "]", "}", r"\rVert", "&", r"\\", ",", ":", r"\qquad", "", *SIGNS, *TERMS}
TABLES = {rf"\begin{{{kind}}}" for kind in ("pmatrix", "bmatrix", "cases")}
TOP = ("top",)  # the superscript ⊤


class Unreadable(ValueError):
    """A formula outside the grammar, or a name that nobody has explained."""


def parse(latex, known=()):
    """Return [(statement, words of its row), …] of LaTeX, or of its tokens.

    `known` holds the keys that are read as one word, and "f()" for every f that is called.
    """
    tokens = tokens_of(latex) if isinstance(latex, str) else latex
    try:
        return Parser(tokens, frozenset(known)).equation()
    except (IndexError, ValueError, TypeError) as error:  # it ended in the middle of something
        raise Unreadable(str(error)) from None


def tokens_of(latex):
    """Return the tokens that mean something."""
    return [token for token in TOKEN.findall(latex) if token not in NOTHING]


def is_name(node, key=None):
    """Return whether a node is a name, with that key if one is given."""
    return node[0] == "name" and key in (None, node[1])


class Parser:
    """Reads tokens from left to right; `at` is where it stands."""

    def __init__(self, tokens, known):
        self.tokens, self.known, self.at = tokens, known, 0
        self.inside_bars = False  # of |…|

    # tokens

    def peek(self, ahead=0):
        """Return the token that stands `ahead`, "" beyond the end."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def take(self, wanted=None):
        """Return the next token and step over it."""
        token = self.peek()
        if wanted not in (None, token):
            before = " ".join(self.tokens[: self.at][-6:])
            raise Unreadable(f"{token!r} where {wanted!r} should be, after {before!r}")
        self.at += 1
        return token

    def skip(self, *tokens):
        """Step over the next token if it is one of these; return whether it was."""
        found = self.peek() != "" and self.peek() in tokens
        self.at += found
        return found

    def group(self):
        """Return the tokens of an argument: {…} without its braces, or one token."""
        if not self.skip("{"):
            return [self.take()]
        start, depth = self.at, 1
        while depth:
            if self.at >= len(self.tokens):
                raise Unreadable("a brace is never closed")
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
        return self.tokens[start : self.at - 1]

    def whole(self, tokens, rule="sum"):
        """Return these tokens as one node, with nothing left over."""
        parser = Parser(tokens, self.known)
        node = getattr(parser, rule)()
        if parser.peek():
            raise Unreadable(f"{parser.peek()!r} in {' '.join(tokens)!r}")
        return node

    # statements

    def equation(self):
        """Return [(statement, words of its row), …]."""
        found, last = [], None
        for number, tokens in enumerate(self.rows(), 1):
            row, words = Parser(tokens, self.known), [f"row {number}"]
            statements = list(row.statements(words, last))
            found += [(statement, tuple(words)) for statement in statements]
            is_chain = statements and statements[0][0] == "chain"
            last = statements[0][-1] if is_chain else None
        return found

    def rows(self):
        """Return the tokens of each row of `aligned`, of a chain across rows as one."""
        rows, depth = [[]], 0
        for token in self.tokens:
            if token in (r"\begin{aligned}", r"\end{aligned}"):
                continue
            depth += token.startswith(r"\begin") - token.startswith(r"\end")
            if depth == 0 and token == r"\\":
                rows.append([])
            elif depth or token != "&":
                rows[-1].append(token)
        return rows

    def statements(self, words, last):
        """Yield the statements of a row; its words are added to `words`."""
        while self.peek():
            if self.skip(",", ":", r"\qquad"):
                continue
            if self.peek().startswith(r"\text{") and not self.is_word(self.peek()):
                words.append(self.take()[6:-1].strip())
                if words[-1] == "minimize over":
                    yield "min", self.atom(), self.skip(":") and self.sum()
                continue
            statement = self.statement(last)
            if statement[0] != "chain" or len(statement) > 2:
                yield statement
            elif len(words) < 2 or not is_name(statement[1]):  # "if r is straight" has a name
                raise Unreadable("nothing is said of it: there is no =")

    def statement(self, last=None):
        """Return one statement; one that begins with a relation goes on from `last`."""
        if self.peek() == "(" and set(RELATIONS) & set(self.tokens[self.at : self.closing()]):
            self.take()  # (g ≠ 0)
            inside = self.statement()
            self.take(")")
            return inside
        if self.peek() == r"\min" and self.peek(1) == "_":
            self.at += 2
            return "min", self.whole(self.group(), "atom"), self.sum()
        left = self.chain(last)
        if self.peek() == "," and self.peek(1) == r"\dots":  # l = 1, …, L
            self.at += 2
            self.take(",")
            return "range", left[1], left[3], self.sum()
        if self.skip(*EVERY):
            left = "every", self.atom(), left
        while self.peek() in ARROWS:
            left = ARROWS[self.take()], left, self.chain()
        return left

    def closing(self):
        """Return where the bracket closes that opens here."""
        depth = 0
        for place in range(self.at, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[place], 0)
            if not depth:
                return place
        return len(self.tokens)

    def chain(self, last=None):
        """Return ("chain", side, relation, side, …)."""
        parts = ["chain", last if last and self.peek() in RELATIONS else self.sum()]
        while self.peek() in (*RELATIONS, IS, IS_ROW):
            relation = self.take()
            if relation == IS_ROW:
                row = self.sum()
                self.take(OF)
                parts += ["=", ("row", row, self.sum())]
            else:
                parts += [RELATIONS.get(relation, "="), self.sum()]
        return tuple(parts)

    # expressions

    def sum(self):
        """Return terms with + and − between them."""
        negative = self.peek() == "-"
        self.skip("+", "-")
        left = ("minus", self.term()) if negative else self.term()
        while self.peek() in SIGNS:
            left = SIGNS[self.take()], left, self.term()
        return left

    def term(self):
        """Return products with ∘ and ⊗ between them; |_{x = 0} says where."""
        left = self.product()
        while self.peek() in TERMS:
            left = TERMS[self.take()], left, self.product()
        if self.peek() == "|" and self.peek(1) == "_":
            self.at += 2
            _, name, _, value = self.whole(self.group(), "chain")
            left = "at", left, name, value
        return left

    def product(self):
        """Return factors side by side; ⋯ stands for nothing: sizes are chosen where it does."""
        left = self.factor()
        while not self.ends():
            kind = PRODUCTS.get(self.peek(), "times")
            self.skip(*PRODUCTS, r"\cdots")
            left = kind, left, self.factor()
        return left

    def ends(self):
        """Return whether a product ends here."""
        token = self.peek()
        if token == "|":
            return self.peek(1) == "_" or self.inside_bars
        closes = token in CLOSING or token in RELATIONS or token in ARROWS
        word = token.startswith(r"\text") and not self.is_word(token)
        return closes or word or token.startswith(r"\end")

    def factor(self):
        """Return Σ, lim, max, ∇ or a fraction with what it acts on, or an atom."""
        token = self.peek()
        if token == r"\max" and self.peek(1) == "_":
            self.at += 2
            return "largest", self.group()[0], self.product()
        special = {
            r"\sum": self.sum_over, r"\lim": self.limit, r"\nabla": self.gradient,
            r"\frac": self.fraction, r"\tfrac": self.fraction,
        }.get(token)  # fmt: skip
        if not special:
            return self.atom()
        self.take()
        return special()

    def sum_over(self):
        """Return ("sum", names, low, high, body): Σ_i, Σ_{i<j} or Σ_{l=1}^{L}."""
        low = self.group() if self.skip("_") else [None]
        high = self.whole(self.group()) if self.skip("^") else None
        if "<" in low:
            return "sum", (low[0], low[2]), "<", None, self.term()
        first = self.whole(low[2:]) if "=" in low else None
        return "sum", (low[0],), first, high, self.term()

    def limit(self):
        """Return ("limit", name, to, body)."""
        self.take("_")
        arrow = self.group()
        to = arrow.index(r"\to")
        name, end = self.whole(arrow[:to], "atom"), self.whole(arrow[to + 1 :])
        return "limit", name, end, self.product()

    def gradient(self):
        """Return ("gradient", order, body, by): ∇ acts on the product up to the next ∇."""
        order, by = 1, ("name", "theta", None, None)
        while self.peek() in ("^", "_"):
            if self.take() == "^":
                order = int(self.group()[0])
            else:
                by = self.whole(self.group(), "atom")
        body = self.factor()
        while not self.ends() and self.peek() != r"\nabla":
            body = "times", body, self.factor()
        if is_name(body) and body[3] == TOP:  # ∇ℓᵀ is (∇ℓ)ᵀ
            return "power", ("gradient", order, (*body[:3], None), by), TOP
        return "gradient", order, body, by

    def fraction(self):
        """Return ("over", above, below), or ("diff", body, names) where it is a derivative."""
        above, below = self.group(), self.group()
        if below[0] not in ("d", r"\partial") or above[0] != below[0]:
            return self.scripts(("over", self.whole(above), self.whole(below)))
        above, order = above[1:], 1
        if above[:1] == ["^"]:
            above, order = above[2:], int(above[1])
        names = [list(part) for part in split(below, below[0])]
        if len(names) == 1 and names[0][-2:] == ["^", "2"]:
            names = [names[0][:-2]] * 2  # ∂z² is twice ∂z
        if len(names) != order:
            raise Unreadable(f"a derivative of order {order} by {len(names)} variables")
        body = self.whole(above) if above else self.product()
        return self.scripts(("diff", body, tuple(self.whole(name, "atom") for name in names)))

    def is_word(self, token):
        r"""Return whether \text{word} is a name that is known, such as \text{SSE}."""
        return token.startswith(r"\text{") and not self.known.isdisjoint(
            {token[6:-1], token[6:-1] + "()"}
        )

    def atom(self):
        """Return a number, a bracket, a function's value, a table or a name."""
        token = self.take()
        if re.fullmatch(r"[\d.]+", token):
            while re.fullmatch(r"\d", self.peek()):
                token += self.take()
            return self.scripts(("number", token))
        if token in FUNCTIONS:
            return self.function(FUNCTIONS[token])
        if token == "-":
            return "minus", self.factor()  # behind a · or *
        if token.startswith(r"\texttt"):
            return "code", token[8:-1]
        if token == r"\infty":
            return ("infinity",)
        if token in ("(", "[", "|", r"\lVert", r"\sqrt") or token in TABLES:
            return self.scripts(self.bracket(token))
        return self.named(self.key(token))

    def bracket(self, token):
        """Return what stands in (…), […], |…|, ‖…‖, √…, or in a table."""
        if token in ("(", "["):
            inside = self.entries()
            self.take({"(": ")", "[": "]"}[token])
            return inside[0] if len(inside) == 1 else ("vector", *inside)
        if token == "|":
            self.inside_bars = True
            inside = self.sum()
            self.inside_bars = False
            self.take("|")
            return "size", inside
        if token == r"\lVert":
            inside = self.sum()
            self.take(r"\rVert")
            return "norm", inside
        if token == r"\sqrt":
            root = "2"
            if self.skip("["):
                root = self.take()
                self.take("]")
            return "root", root, self.whole(self.group())
        return self.table(token[7:-1])

    def key(self, token):
        """Return the key of a name from its first tokens."""
        if token in (r"\hat", r"\tilde"):
            return f"{token[1:]} {self.take()}"
        key = token[6:-1] if token.startswith(r"\text{") else token.lstrip("\\")
        if not re.fullmatch(r"\w+", key):
            raise Unreadable(f"{token!r} is not in the grammar" if token else "it ends too early")
        return key

    def function(self, key):
        """Return ("call", key, argument, …): ln x, tanh² z, max(…)."""
        while self.skip("'"):
            key += "'"
        power = self.whole(self.group()) if self.skip("^") else None
        arguments = self.arguments() if self.peek() == "(" else [self.factor()]
        call = "call", key, *arguments
        return ("power", call, power) if power else call

    def arguments(self):
        """Return what stands in (…, …)."""
        self.take("(")
        found = self.entries()
        self.take(")")
        return found

    def entries(self):
        """Return [sum, …] parted by commas; … among them, and an underbrace around some."""
        found = []
        while not found or self.skip(","):
            if self.skip(r"\dots"):
                found.append(("dots",))
            elif self.skip(r"\underbrace"):
                found += Parser(self.group(), self.known).entries()
                self.take("_")
                self.group()
            else:
                found.append(self.sum())
        return found

    def table(self, kind):
        """Return ("matrix", row, …) or ("cases", (value, condition or None), …)."""
        rows, cells, start, depth = [], [], self.at, 0
        while depth >= 0:
            token = self.take()
            if token == "":
                raise Unreadable(f"{kind} is never closed")
            depth += token.startswith(r"\begin") - token.startswith(r"\end")
            if depth < 0 or (depth == 0 and token in ("&", r"\\")):
                cells.append(self.tokens[start : self.at - 1])
                start = self.at
                if token != "&":
                    rows.append(cells)
                    cells = []
        if kind == "cases":
            return "cases", *map(self.case, rows)
        return "matrix", *(tuple(self.whole(c) for c in row if c != [r"\cdots"]) for row in rows)

    def case(self, row):
        r"""Return (value, condition) of a row: value & \text{if } condition."""
        value, (word, *condition) = row
        if condition:
            return self.whole(value), self.whole(condition, "chain")
        if word != r"\text{otherwise}":
            raise Unreadable(f"{word!r} where a condition should be")
        return self.whole(value), None

    # names and what they wear

    def named(self, key):
        """Return a name with the marks that belong to it and its scripts, or a call."""
        subscripts = superscript = None
        while self.peek() in ("'", "_", "^"):
            token = self.take()
            if token == "'":
                key += "'"
                continue
            if (subscripts if token == "_" else superscript) is not None:
                raise Unreadable(f"two {token} on {key}")
            group = self.group()
            as_one = f"{key}{token}{{{''.join(group)}}}"
            if len(group) == 1 and (group[0] in MARKS or group[0].startswith(r"\text")):
                mark = MARKS.get(group[0], group[0][6:-1])
                key += mark if mark == "*" else token + mark
            elif token == "_" and as_one in self.known:
                key = as_one  # known as a whole: J_{W^2,b^2}
            elif token == "_":
                subscripts = self.subscripts(group)
            elif group[0] == "(":
                key, subscripts = key + "^()", self.subscripts(group[1:-1])
            elif group[0].startswith(r"\text"):
                key, superscript = f"{key}^{group[0][6:-1]}", self.superscript(group[1:])
            else:
                superscript = self.superscript(group)
        if self.peek() == "(" and key.rstrip("'") + "()" in self.known and superscript is None:
            return self.scripts(("call", key, *self.arguments()))
        return "name", key, subscripts, superscript

    def scripts(self, node):
        """Return a node that is no name with its subscripts and superscript."""
        while self.peek() in ("_", "^"):
            if self.take() == "_":
                node = "entry", node, self.subscripts(self.group())
            else:
                node = "power", node, self.superscript(self.group())
        return node

    def subscripts(self, group):
        """Return ((index, …), …), one for each axis.

        Two on one axis, as in (JJᵀ)_{ik, jq}, are row i·m + k.
        """
        parts = list(split([",", *group], ","))
        if "+" in group or "-" in group:
            return tuple((self.whole(part),) for part in parts)
        each = [tuple(self.whole(atom, "atom") for atom in atoms(part)) for part in parts]
        return tuple(each) if len(parts) > 1 else tuple((index,) for index in each[0])

    def superscript(self, group):
        """Return TOP, a node, or ("layer_top", node): W^{l+1 ⊤} is (W^{l+1})ᵀ."""
        if group[-1] == r"\top":
            return ("layer_top", self.whole(group[:-1])) if group[:-1] else TOP
        return self.whole(group)


def split(tokens, at):
    """Yield what stands between the `at`s, of which the first begins the tokens."""
    part = None
    for token in tokens:
        if token != at:
            part.append(token)
            continue
        if part is not None:
            yield part
        part = []
    yield part


def atoms(tokens):
    """Return [one token each, with the superscript it wears, …]: i, k, W^2."""
    found = []
    for token in tokens:
        if token == "^" or (found and found[-1][-1] == "^"):
            found[-1].append(token)
        else:
            found.append([token])
    return found
