"""Formulas as people type them, as the tokens of the LaTeX that says the same.

NumPy's `delta[1] = (W[2].T @ delta[2]) * (1 - a[1]**2)`, Octave's `(J'J + mu I) h = -g`, and
Unicode's `δ¹ = (W²ᵀ δ²) ∘ (1 − a¹²)`, or a mixture. The names that have values decide what a mark
means: the first index of a name with layers is its layer, a prime is ᵀ where it is no derivative.
"""

import re

from .latex import FUNCTIONS, Unreadable
from .values import Layers

SUPERSCRIPT = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˡᴸᵏⁿᵀ", "0123456789+-lLknT", strict=True))
SUBSCRIPT = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₗₘₙₚ", "0123456789+-ijklmnp", strict=True))
NAMES = {
    "θ": "theta", "μ": "mu", "ρ": "rho", "δ": "delta", "η": "eta", "κ": "kappa", "ε": "varepsilon",
    "ν": "nu", "λ": "lambda", "σ": "sigma", "γ": "gamma", "α": "alpha", "β": "beta", "ℓ": "ell",
    "lam": "lambda", "eps": "varepsilon", "epsilon": "varepsilon", "eye": "I",
}  # fmt: skip
MEANS = {
    "½": r"\tfrac 1 2", "⅓": r"\tfrac 1 3", "⅔": r"\tfrac 2 3", "⅙": r"\tfrac 1 6", "==": "=",
    "<=": r"\le", "≤": r"\le", ">=": r"\ge", "≥": r"\ge", "!=": r"\neq", "≠": r"\neq",
    "<-": r"\leftarrow", ":=": r"\leftarrow", "←": r"\leftarrow", "≈": r"\approx",
    "=>": r"\Rightarrow", "⇒": r"\Rightarrow", "<=>": r"\iff", "⇔": r"\iff", "−": "-", "×": "*",
    "∘": r"\circ", "⊙": r"\circ", ".*": r"\circ", "⊗": r"\otimes", "·": r"\cdot", "√": r"\sqrt",
    "∇": r"\nabla", "∞": r"\infty", "Σ": r"\sum", "∑": r"\sum", "…": r"\dots",
}  # fmt: skip
MEANS |= {name: token for token, name in FUNCTIONS.items()}
LEXEME = re.compile(
    r"np\.linalg\.|np\.|\.T\b|\*\*|<=>|==|<=|>=|!=|<-|:=|=>|\.\*|\|\|"
    rf"|[{''.join(SUPERSCRIPT)}]+|[{''.join(SUBSCRIPT)}]+|\d+\.\d+|\d+|[A-Za-z]+|\S"
)
PRIMES, TURNED = {"'": 1, "′": 1, "’": 1, "″": 2}, (".T", "ᵀ", "⊤")
LAYER_POWER_TOP = re.compile(r"([lLk](?:[+-]\d)?|\d)?(-?\d*)(T?)")
OCTAVE = re.compile(r"\.\*|['’′](?!\s*[('’′])")  # .* or a ᵀ that is ': * may be a product
CLOSES = {"(": ")", "[": "]", "{": "}"}


def tokens_of(text, values):
    """Return the tokens of LaTeX that say what a plain text says."""
    try:
        return Translator(text, values).all()
    except (IndexError, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from None


class Translator:
    """Goes over the lexemes of a text; `out` is what came of them."""

    def __init__(self, text, values):
        self.lexemes = LEXEME.findall(text.replace("_prime", "'").rstrip(" ."))
        self.octave = "@" not in self.lexemes and bool(OCTAVE.search(text))
        self.values, self.at, self.out, self.bars = values, 0, [], 0

    def peek(self, ahead=0):
        """Return the lexeme that stands `ahead`, "" beyond the end."""
        place = self.at + ahead
        return self.lexemes[place] if place < len(self.lexemes) else ""

    def emit(self, text):
        """Add tokens."""
        self.out += text.split()

    def all(self):
        """Return all tokens."""
        while self.peek():
            self.one()
        return self.out

    def one(self):
        """Translate the next lexeme, with its scripts if it is a name."""
        lexeme = self.peek()
        if lexeme in ("np.", "np.linalg."):
            self.at += 1
        elif lexeme[0] in SUPERSCRIPT or lexeme in ("^", "**", *TURNED, *PRIMES):
            self.emit_scripts(self.superscripts(False))
        elif lexeme[0] in SUBSCRIPT:
            self.at += 1
            self.emit("_ { " + " ".join(map(SUBSCRIPT.get, lexeme)) + " }")
        elif f"{lexeme}:" in self.values and self.peek(1) == ":":
            self.at += 2
            self.out.append(rf"\text{{{lexeme}:}}")
        elif lexeme[0].isalpha() and lexeme not in MEANS:
            self.word(lexeme)
        else:
            self.at += 1
            self.mark(lexeme)

    def mark(self, lexeme):
        """Translate what is neither a name nor a script."""
        if lexeme in ("‖", "||"):
            self.bars += 1
            self.emit(r"\lVert" if self.bars % 2 else r"\rVert")
        elif lexeme == "*" and self.octave:
            self.emit(r"\times")
        elif lexeme == "√" and self.peek() == "(":
            self.emit("sqrt")
        else:
            self.emit(MEANS.get(lexeme, lexeme))

    def group(self, closing):
        """Return the tokens up to a bracket that closes, which is stepped over."""
        before, self.out, depth = self.out, [], 0
        while depth or self.peek() != closing:
            if not self.peek():
                raise Unreadable(f"{closing!r} is missing")
            depth += (self.peek() in CLOSES) - (self.peek() in CLOSES.values())
            self.one()
        self.at += 1
        inside, self.out = self.out, before
        return " ".join(inside)

    def argument(self):
        """Return the tokens of what comes next: (…), {…}, a sign and a word or number."""
        lexeme = self.peek()
        self.at += 1
        if lexeme in CLOSES:
            return self.group(CLOSES[lexeme])
        if not lexeme:
            raise Unreadable("it ends too early")
        is_minus = lexeme in ("-", "−")
        return f"- {self.argument()}" if is_minus else NAMES.get(lexeme, lexeme)

    # names

    def word(self, lexeme):
        """Translate a name; letters that stand together are a product of names."""
        key = NAMES.get(lexeme, lexeme)
        if key == "lambda" and key not in self.values:
            key = "mu"  # the course says once that λ is μ
        known = key in self.values or f"{key}()" in self.values or key == "I"
        if not known and self.peek(1) not in ("(", "_") and len(lexeme) > 1:
            if all(letter in self.values or letter == "I" for letter in lexeme):
                self.lexemes[self.at : self.at + 1] = lexeme
                return self.one()
        self.at += 1
        if lexeme == "eye" and self.peek() == "(":
            self.argument()
        if lexeme == "sum" and self.peek() != "(":
            return self.emit(r"\sum")
        self.name(key)

    def name(self, key):
        """Emit a name with its marks, layer, indices and other scripts."""
        text, key = self.marked(key)
        has_layers, indices = isinstance(self.values.get(key), Layers), self.indices()
        if self.peek() in PRIMES:  # rᵢ″
            text, key = self.marked(key)
        scripts = self.superscripts(has_layers and not indices)
        indices += self.indices()
        if has_layers and indices and not scripts[:1] == ["layer"]:
            scripts = ["layer", indices.pop(0), *scripts, *self.superscripts(False)]
        if scripts[:1] == ["layer"]:
            top = r"\top " if scripts[2:] == ["T"] else ""
            text += f" ^ {{ {scripts[1]} {top}}}"
            scripts = [] if top else scripts[2:]
        text += f" _ {{ {' , '.join(indices)} }}" if indices else ""
        if scripts and has_layers or len(scripts) > 1:
            text = f"( {text} )"
        self.emit(text)
        self.emit_scripts(scripts)

    def marked(self, key):
        """Return (tokens, key) of a name with the marks that belong to it: r″, θ*, s_max, h^GN."""
        text = key
        while True:
            lexeme, after = self.peek(), self.peek(1)
            primed = key + "'" * PRIMES.get(lexeme, 0)
            called = f"{key.rstrip(chr(39))}()" in self.values and self.calls()
            if lexeme in PRIMES and (called or any(k.startswith(primed) for k in self.values)):
                key, text = primed, text + " '" * PRIMES[lexeme]
            elif lexeme == "*" and f"{key}*" in self.values and not self.starts(after):
                key, text = f"{key}*", f"{text} ^ *"
            elif lexeme in ("_", "^") and f"{key}{lexeme}{after}" in self.values:
                key, text = f"{key}{lexeme}{after}", rf"{text} {lexeme} \text{{{after}}}"
                self.at += 1
            else:
                return text, key
            self.at += 1

    def calls(self):
        """Return whether a bracket comes next, behind any primes."""
        ahead = 0
        while self.peek(ahead) in PRIMES:
            ahead += 1
        return self.peek(ahead) == "("

    def starts(self, lexeme):
        """Return whether a factor starts here."""
        return bool(lexeme) and (lexeme[0].isalnum() or lexeme in ("(", "[", "|", "‖", "½"))

    def indices(self):
        """Return the tokens of each index that comes next: [i, j], _ij, _{i,j} or ᵢⱼ."""
        found = []
        while self.peek() in ("[", "_") or self.peek()[:1] in SUBSCRIPT and self.peek():
            lexeme = self.peek()
            self.at += 1
            if lexeme == "[":
                found += self.group("]").split(" , ")
            else:
                letters = self.argument() if lexeme == "_" else "".join(map(SUBSCRIPT.get, lexeme))
                is_sum = "," in letters or "+" in letters or "-" in letters
                found += letters.split(" , ") if is_sum else letters.replace(" ", "")
        return [" ".join(index.replace(" ", "")) for index in found]

    def superscripts(self, has_layer):
        """Return ["layer", l, power or "T", …]: what stands above, of a name with layers first."""
        found = []
        while lexeme := self.peek():
            wants = has_layer and not found
            if lexeme[0] in SUPERSCRIPT and lexeme != "ᵀ":
                self.at += 1
                found += self.above("".join(map(SUPERSCRIPT.get, lexeme)), wants)
            elif lexeme in ("^", "**", "[") and (wants or lexeme != "["):
                self.at += 1
                if wants and lexeme == "[":
                    layer, *more = self.group("]").split(" , ")
                    found += ["layer", layer]
                    if more:
                        self.lexemes[self.at : self.at] = ["[", *",".join(more).split(), "]"]
                else:
                    found += (["layer"] if wants else []) + [self.argument()]
            elif lexeme in (*TURNED, *PRIMES):
                self.at += 1
                found.append("T")
            else:
                break
        return found

    def above(self, text, has_layer):
        """Return what ˡ⁺¹ᵀ, ¹² or ² says: a layer first where the name has layers."""
        match = LAYER_POWER_TOP.fullmatch(text)
        if not match:
            raise Unreadable(f"{text!r} above a name")
        layer, power, turned = match.groups()
        layer = " ".join(layer or "")
        found = ["layer", layer] if has_layer and layer else [layer] if layer else []
        return found + [" ".join(part) for part in (power, turned) if part]

    def emit_scripts(self, scripts):
        """Emit ^{…} for each script."""
        for script in scripts:
            top = script in ("T", "⊤", "'")
            self.emit(r"^ \top" if top else f"^ {{ {script} }}")
