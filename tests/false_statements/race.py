"""For each proof of lesson 09 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_mean_error_damping": ("net.here.step(N * m * lam / 2)", "net.here.step(lam)"),
    "prove_damping_moves_no_minimum": ("J[:, 0].cross(J[:, 1])", "J[:, 0]"),
    "prove_damped_matrix_is_positive": ("mu * h.dot(h)", "mu**2 * h.dot(h)"),
    "prove_twins": ("1, -1, 0]", "1, 1, 0]"),
}
