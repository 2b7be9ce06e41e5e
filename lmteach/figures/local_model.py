"""The straight-line model ½‖r + Jh‖² around one θ of two parameters, by the SVD of J."""

import math

import numpy as np

ZERO = 1e-12  # a singular value below this, of the largest, is 0
N_CONTOURS, N_POINTS = 8, 61  # of the model, and of each half of one


class LocalModel:
    """What is known at θ: r, J = U diag(s) Vᵀ, the direction of −g, and the damped steps.

    `problem` has two parameters. By the SVD the steps are exact where JᵀJ has lost digits.
    """

    def __init__(self, problem, theta):
        self.theta, self.here = theta, problem.linearize(theta)
        here = self.here
        tall = max(2, len(here.r))  # a single residual has but one singular value: the other is 0
        J, r = np.zeros((tall, 2)), np.zeros(tall)
        J[: len(here.r)], r[: len(here.r)] = here.J, here.r
        U, self.s, self.Vt = np.linalg.svd(J, full_matrices=False)
        self.s[self.s < ZERO * self.s[0]] = 0.0
        self.along = U.T @ r
        length = np.linalg.norm(here.g)
        self.downhill = -here.g / length if length else np.zeros(2)

    def steps(self, mus):
        """Return h(μ) = −Σᵢ sᵢ/(sᵢ² + μ) (uᵢᵀr) vᵢ, a row for each μ ≥ 0."""
        kept = self.s > 0
        s = self.s[kept]
        return -(s / (s**2 + np.reshape(mus, (-1, 1))) * self.along[kept]) @ self.Vt[kept]

    def angle(self, h):
        """Return the degrees between h and −g, 0 to 180."""
        across = h[0] * self.downhill[1] - h[1] * self.downhill[0]
        return math.degrees(math.atan2(abs(across), h @ self.downhill))

    def contours(self, reach):
        """Return points h on contours of the model, (n, 2), with a gap after each.

        ‖J(h − h_GN)‖ is k/4 of what it is at h = 0, for k = 1 to 8. `reach` is how far along v₂
        from h = 0 they are wanted.
        """
        gn = self.Vt @ self.steps([0.0])[0]
        s, gap, drawn = self.s, np.full((1, 2), np.nan), []
        wanted = np.linspace(-reach, reach, N_POINTS)
        for radius in np.linalg.norm(s * gn) * np.arange(1, N_CONTOURS + 1) / 4:
            second = wanted
            if s[1] > 0:
                second = np.clip(wanted, gn[1] - radius / s[1], gn[1] + radius / s[1])
            left = radius**2 - (s[1] * (second - gn[1])) ** 2
            away = np.sqrt(np.maximum(left, 0.0)) / max(s[0], np.finfo(float).tiny)
            for first in (gn[0] - away, gn[0] + away):
                drawn += [np.column_stack([first, second]) @ self.Vt, gap]
        return np.vstack(drawn)
