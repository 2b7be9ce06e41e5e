"""The five questions of lesson 00: what a learner should bring along."""

import numpy as np

from .base import exercise

W = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]])
X = np.array([1.0, 1.0, -1.0])
M = np.array([[3.0, 1.0], [1.0, 3.0]])
TIMES, VALUES = np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 3.0])


@exercise(
    "0.1",
    "value",
    "z = Wx and F = ½ zᵀz: the gradient of F with respect to x, three numbers.",
    hints=(
        "∂F/∂z = z. A change of x reaches z through W.",
        "The gradient comes back through Wᵀ: it is Wᵀz.",
        "Row by row, Wx = (1 − 2, 3 − 1). Then each column of W times that.",
    ),
    what="The gradient",
    reminders=("it is Wᵀz with z = Wx: back through the weights.",),
    slips=(
        (2 * W.T @ W @ X, "A factor 2 too many. Where did the ½ go?"),
        (W.T @ W @ X / 2, "A factor ½ too many: the 2 of the square meets it."),
        (-W.T @ W @ X, "The sign is flipped."),
        (W @ X, "This is z = Wx, the gradient with respect to z. It still goes back through Wᵀ."),
        (W.T @ W @ X @ X, "This is one number, zᵀz. The gradient is a vector, as long as x."),
        (18.5, "This is one number. The gradient is a vector, as long as x."),
        (X @ W.T @ W @ X / 2, "This is F itself. Its gradient has three entries."),
        (W.sum(axis=0) * X, "W stands for a sum here: (Wx)ᵀW weights its rows with z."),
    ),
)
def gradient():
    return W.T @ (W @ X)


@exercise(
    "0.2",
    "value",
    "The eigenvalues of M, the smaller one first.",
    hints=(
        "An eigenvalue s makes M − sI singular.",
        "Solve det(M − sI) = 0, a quadratic in s.",
        "(3 − s)² = 1.",
    ),
    names=("the smaller one", "the larger one"),
    reminders=("the two add up to the trace, 6.", "the two add up to the trace, 6."),
    slips=(
        ((4, 2), "Right numbers; the smaller one comes first."),
        ((3, 3), "This is the diagonal. Without the entries beside it, it would be right."),
        (
            (6, 8),
            "These are the trace and the determinant: the sum and the product are asked to split.",
        ),
        ((8, 6), "These are determinant and trace: the product and the sum of the two."),
        ((-2, -4), "The sign is flipped: M − sI, not M + sI."),
        ((-4, -2), "The sign is flipped: M − sI, not M + sI."),
        ((4, 16), "These are their squares."),
        ((1, 3), "These are entries of M."),
    ),
)
def eigenvalues():
    return 2.0, 4.0  # (3 − s)² − 1 = 0


@exercise(
    "0.3",
    "value",
    "The line slope · t + intercept closest to three points: the slope, then the intercept.",
    hints=(
        "Let B have the columns t and 1.",
        "The best p solves the normal equations BᵀB p = Bᵀv.",
        "BᵀB = [[5, 3], [3, 3]] and Bᵀv = (9, 6).",
    ),
    names=("the slope", "the intercept"),
    reminders=("solve BᵀB p = Bᵀv.", "the line goes through the middle of the points, (1, 2)."),
    slips=(
        ((0.5, 1.5), "Right numbers; the slope comes first."),
        ((1.8, 0.0), "This is the best line through the origin: an intercept is free to help."),
        (
            (1.5, 0.0),
            "This is the line through the first and last point. The middle one counts too.",
        ),
        ((3.0, 0.0), "This is the line through the first two points. The third counts too."),
        ((0.0, 3.0), "This is the line through the last two points. The first counts too."),
        ((0.0, 2.0), "This is the mean of v: the best line without a slope."),
        ((1.5, 2.0), "The slope is right. The line goes through the middle of the points, (1, 2)."),
    ),
)
def closest_line():
    B = np.column_stack([TIMES, np.ones(3)])
    slope, intercept = np.linalg.solve(B.T @ B, B.T @ VALUES)
    return slope, intercept


@exercise(
    "0.4",
    "value",
    "A prediction of shape (5, 1) minus a target of shape (5,): the shape.",
    hints=(
        "NumPy lines shapes up from the right.",
        "(5,) stands for (1, 5).",
        "Each 1 is then stretched to the 5 beside it.",
    ),
    names=("the first length", "the second length"),
    reminders=("(5,) stands for (1, 5).", "(5,) stands for (1, 5)."),
    slips=(
        (
            (5, 1),
            "(5,) stands for (1, 5), and each 1 is stretched. This would be right for a "
            "target of shape (5, 1).",
        ),
        (
            5,
            "(5,) stands for (1, 5), and each 1 is stretched. This would be right for two of "
            "shape (5,).",
        ),
        (
            (1, 5),
            "Lined up from the right: (5,) stands for (1, 5), but the prediction's 5 is "
            "stretched along it, too.",
        ),
        (25, "So many numbers; a shape was asked for."),
        ((5, 5, 1), "Two axes are enough: (5,) gets one in front, no more."),
    ),
)
def shape():
    return (np.zeros((5, 1)) - np.zeros(5)).shape  # a famous bug


@exercise(
    "0.5",
    "value",
    "theta = np.arange(10): the numbers that theta[2:6].reshape(2, 2)[:, 0] picks out.",
    hints=(
        "2:6 holds places 2, 3, 4, 5.",
        "Write them into two rows of two.",
        "[:, 0] is the first column.",
    ),
    names=("the first", "the second"),
    reminders=("the block is [[2, 3], [4, 5]].", "the block is [[2, 3], [4, 5]]."),
    slips=(
        ((2, 3), "That is the first row, [:, 0] is a column."),
        ((3, 5), "That is the second column: counting begins at 0."),
        ((2, 3, 4, 5), "That is the whole block; [:, 0] takes one column of it."),
        ((3, 4), "Python counts from 0, so theta[2] is 2; and this is no column of the block."),
        ((2, 5), "That is the diagonal of the block."),
        ((1, 3), "Python counts from 0, so theta[2] is 2."),
        ((4, 5), "That is the second row, [:, 0] is a column."),
        (2, "That is the first of two numbers: the column has two rows."),
    ),
)
def picked():
    return 2.0, 4.0
