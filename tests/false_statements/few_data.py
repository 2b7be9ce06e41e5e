"""For each proof of lesson 13 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_penalty_as_residuals": ("sp.sqrt(alpha) * theta)", "alpha * theta)"),
    "prove_penalized_step": ("alpha * end.dot(end)", "alpha * h.dot(h)"),
    "prove_what_a_penalty_leaves": ("(s**2 + alpha) * y", "(s + alpha) * y"),
    "prove_gamma": ("2 * M.det()", "M.det()"),
    "prove_alpha_and_beta": ("(N - gamma)", "(N + gamma)"),
}
