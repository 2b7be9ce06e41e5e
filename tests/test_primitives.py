"""The primitives: the float body and the symbolic body of each say the same on random floats."""

import ast
import pathlib

import numpy as np
import pytest
import sympy

import lmteach
from lmteach import primitives
from lmteach.primitives import finite, gram, inner, least_norm, norm, spd_solver

SOURCES = sorted(pathlib.Path(lmteach.__file__).parent.rglob("*.py"))
ELEMENTWISE = ["tanh", "logistic", "relu", "step", "softplus", "one_minus_exp", "softmax"]
POSITIVE = ["log", "sqrt"]
TESTED = {
    *ELEMENTWISE,
    *POSITIVE,
    "finite",
    "inner",
    "gram",
    "spd_solver",
    "least_norm",
    "norm",
    "copy_lower",
    "in_single",
    "at_least_tiny",
    "frozen",
    "new_array",
}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def symbolic(array):
    """The same numbers as SymPy floats in an object array: the other body is taken."""
    return np.vectorize(sympy.Float, otypes=[object])(array)


def as_floats(array):
    return np.asarray(array).astype(float)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_bodies_agree_and_keep_the_shape(name):
    function, z = getattr(primitives, name), np.concatenate([numbers(4, 3), [[0, -30, 30]]])
    floats, symbols = function(z), function(symbolic(z))
    assert (
        floats.dtype == float
        and symbols.dtype == object
        and floats.shape == symbols.shape == z.shape
    )
    np.testing.assert_allclose(as_floats(symbols), floats, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", POSITIVE)
def test_log_and_sqrt_bodies_agree_on_positive_numbers(name):
    function, x = getattr(primitives, name), np.exp(5 * numbers(4, 3))
    floats, symbols = function(x), function(symbolic(x))
    assert (
        floats.dtype == float
        and symbols.dtype == object
        and floats.shape == symbols.shape == x.shape
    )
    np.testing.assert_allclose(as_floats(symbols), floats, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(floats, {"log": np.log, "sqrt": np.sqrt}[name](x), rtol=1e-15)


def test_softmax_is_a_row_of_probabilities_in_both_bodies():
    z = numbers(4, 3)
    for p in (primitives.softmax(z), as_floats(primitives.softmax(symbolic(z)))):
        np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-13)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *POSITIVE])
def test_elementwise_bodies_leave_their_argument_alone(name):
    z = abs(numbers(3, 2))
    z.setflags(write=False)
    kept = z.copy()
    assert not np.shares_memory(getattr(primitives, name)(z), z) and np.array_equal(z, kept)


def test_elementwise_bodies_do_not_overflow():
    z = np.array([-1e308, -800.0, 800.0, 1e308])
    assert np.array_equal(primitives.tanh(z), [-1, -1, 1, 1])
    assert np.array_equal(primitives.logistic(z), [0, 0, 1, 1])
    assert np.array_equal(primitives.softplus(z), [0, 0, 800, 1e308])
    assert np.array_equal(primitives.one_minus_exp(primitives.softplus(z)), [0, 0, 1, 1])


def test_kinks_are_zero_in_both_bodies():
    for zero in (np.zeros(1), np.array([sympy.Integer(0)], dtype=object)):
        assert primitives.relu(zero)[0] == 0 and primitives.step(zero)[0] == 0


def test_inner_is_the_sum_of_products():
    u, v = numbers(7), numbers(7, seed=1)
    assert inner(u, v) == pytest.approx(sum(u * v), rel=1e-14)
    assert float(inner(symbolic(u), symbolic(v))) == pytest.approx(inner(u, v), rel=1e-14)
    assert inner(np.array([1e200]), np.array([1e200])) == np.inf  # and no warning


def test_norm_is_the_length():
    v = numbers(5)
    assert norm(v) == pytest.approx(np.linalg.norm(v), rel=1e-14)
    assert float(norm(symbolic(v))) == pytest.approx(norm(v), rel=1e-14)


def test_gram_is_the_lower_triangle_of_the_product():
    Jt = numbers(4, 9)
    np.testing.assert_allclose(np.tril(gram(Jt)), np.tril(Jt @ Jt.T), rtol=1e-13)
    np.testing.assert_allclose(
        np.tril(as_floats(gram(symbolic(Jt)))), np.tril(gram(Jt)), rtol=1e-13
    )


def test_gram_adds_to_what_was_there():
    Jt, more = numbers(3, 5), numbers(3, 2, seed=1)
    out = np.empty((3, 3), order="F")
    floats = gram(more, gram(Jt, out), add=True)
    assert floats is out
    np.testing.assert_allclose(np.tril(floats), np.tril(Jt @ Jt.T + more @ more.T), rtol=1e-13)
    symbols = gram(symbolic(more), gram(symbolic(Jt)), add=True)
    np.testing.assert_allclose(np.tril(as_floats(symbols)), np.tril(floats), rtol=1e-13)


@pytest.mark.parametrize("shift", [0.5, np.array([0.1, 2.0, 30.0])], ids=["number", "vector"])
def test_spd_solver_solves_the_shifted_system(shift):
    Jt, v = numbers(3, 8), numbers(3, seed=2)
    A = np.asfortranarray(Jt @ Jt.T)
    kept = A.copy()
    floats = spd_solver(A, shift)(v)
    np.testing.assert_allclose((A + np.diag(np.broadcast_to(shift, 3))) @ floats, v, rtol=1e-12)
    np.testing.assert_allclose(
        as_floats(spd_solver(symbolic(A), shift)(symbolic(v))), floats, rtol=1e-11
    )
    assert np.array_equal(A, kept)


def test_spd_solver_reads_the_lower_triangle_only_and_uses_the_buffer():
    Jt, out = numbers(3, 8), np.empty((3, 3), order="F")
    A = np.asfortranarray(Jt @ Jt.T)
    expected = spd_solver(A, 1.0)(np.ones(3))
    A[np.triu_indices(3, 1)] = np.nan
    assert np.array_equal(spd_solver(A, 1.0, out)(np.ones(3)), expected)
    assert np.array_equal(np.tril(out, -1) != 0, np.tril(np.ones((3, 3), dtype=bool), -1))


@pytest.mark.parametrize("n", [3, primitives.BAND + 2])
def test_spd_solver_may_write_over_a_itself(n):
    A, v = np.asfortranarray(gram(numbers(n, 3)) + np.eye(n)), numbers(n, seed=2)
    expected = spd_solver(A, 1.0)(v)
    assert np.array_equal(spd_solver(A, 1.0, A)(v), expected)
    assert A[0, 0] == np.sqrt(gram(numbers(n, 3))[0, 0] + 2.0)


def test_spd_solver_refuses_what_is_not_positive_definite():
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite in floating point"):
        spd_solver(np.diag([1.0, -1.0]), 0.5)


def test_spd_solver_is_exact_on_rationals():
    A = np.array(
        [[sympy.Rational(2), sympy.Rational(1, 3)], [sympy.Rational(1, 3), sympy.Rational(5)]],
        dtype=object,
    )
    v = np.array([sympy.Integer(1), sympy.Rational(1, 7)], dtype=object)
    h = spd_solver(A, sympy.Rational(1, 2))(v)
    assert np.array_equal((A + sympy.Rational(1, 2) * np.eye(2, dtype=int)) @ h, v)


@pytest.mark.parametrize("n", [3, primitives.BAND + 2])
@pytest.mark.parametrize("dtype", [float, np.float32, object])
def test_copy_lower_copies_the_lower_triangle_into_a_more_precise_one_too(n, dtype):
    A, out = (
        numbers(n, n).astype(dtype),
        np.zeros((n, n), object if dtype is object else float, order="F"),
    )
    primitives.copy_lower(A, out)
    assert np.array_equal(np.tril(out), np.tril(A))


@pytest.mark.parametrize("rows", [3, 6], ids=["wide", "tall"])
def test_least_norm_bodies_agree(rows):
    J, v = np.random.default_rng(4).integers(-3, 4, (rows, 4)).astype(float), numbers(rows)
    J[:, 3] = J[:, 0] + J[:, 1]  # rank-deficient, too
    exact = least_norm(np.vectorize(sympy.Rational, otypes=[object])(J.astype(int)), symbolic(v))
    np.testing.assert_allclose(least_norm(J, v), np.linalg.pinv(J) @ v, atol=1e-12)
    np.testing.assert_allclose(as_floats(exact), least_norm(J, v), atol=1e-12)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([1.0, -2.0], True),
        ([1e200, 1e200], True),
        ([1.0, np.nan], False),
        ([np.inf, 0.0], False),
        ([-np.inf], False),
    ],
)
def test_finite(x, expected):
    assert finite(np.array(x)) is expected


def test_in_single_rounds_goes_to_infinity_beyond_its_range_and_refuses_symbols():
    x = primitives.in_single(np.array([1 / 3, -1e300, 0.0]))
    assert x.dtype == np.float32 and np.array_equal(x, np.float32([1 / 3, -np.inf, 0]))
    with pytest.raises(ValueError, match='precision = "float32": expected numbers, not symbols'):
        primitives.in_single(symbolic(np.ones(2)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_at_least_tiny_raises_what_is_below_the_smallest_normal_number(dtype):
    tiny = np.finfo(dtype).tiny
    x = np.array([0.0, tiny / 2, tiny, 0.5], dtype)
    assert np.array_equal(primitives.at_least_tiny(x), np.array([tiny, tiny, tiny, 0.5], dtype))
    symbols = np.array(sympy.symbols("a b"), dtype=object)
    assert primitives.at_least_tiny(symbols) is symbols


def test_symbols_count_as_finite():
    assert finite(np.array(sympy.symbols("a b"), dtype=object)) is True


# --- the rule: floats and symbols part in primitives.py and checks.py, nowhere else


def test_a_frozen_array_is_the_array_itself_and_cannot_be_written_to():
    array = np.ones(2)
    assert primitives.frozen(array) is array
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 2


def test_a_new_array_is_new_at_each_call():
    first, second = (primitives.new_array("A", (2, 3), float, "F") for _ in range(2))
    assert first.shape == (2, 3) and first.flags.f_contiguous
    assert not np.shares_memory(first, second)


def test_every_public_primitive_is_compared_here():
    tree = ast.parse(pathlib.Path(primitives.__file__).read_text(encoding="utf-8"))
    public = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert public == TESTED


def object_branches(source):
    """Lines where a dtype is compared, or asked for being `object` or of kind "O"."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            names = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)} & {
                "dtype",
                "kind",
            }
            told = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & {"object"}
            kinds = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)} & {"O"}
            if names and (told or kinds):
                yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_primitives_and_the_checks_of_input_ask_for_symbols(path):
    """checks.py has to: where symbols are allowed, they cannot be asked whether they are finite."""
    found = list(object_branches(path.read_text(encoding="utf-8")))
    assert bool(found) == (path.name in ("primitives.py", "checks.py")), (
        f"{path.name}: lines {found}"
    )


@pytest.mark.parametrize(
    "source",
    ["if x.dtype == object: pass", "y = 1 if z.dtype != object else 2", "a.dtype.kind == 'O'"],
)
def test_the_search_finds_what_it_looks_for(source):
    assert list(object_branches(source)) == [1]


def test_sympy_is_imported_inside_the_symbolic_branches_only():
    """But for symbolic.py, the proofs and the reader, which are about nothing else."""
    about_symbols = {"symbolic.py", "proofs", "reading"}
    for path in (path for path in SOURCES if not about_symbols & {path.name, path.parent.name}):
        imports = [
            node
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        assert not any("sympy" in ast.unparse(node) for node in imports), path.name
