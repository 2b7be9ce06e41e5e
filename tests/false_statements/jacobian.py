"""For each proof of lesson 05 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_backward_pass": ("error_terms(net.a, v, theta)", "error_terms(net.a, -v, theta)"),
    "prove_sensitivity": ("output.jacobian(z)", "output.jacobian(z).T"),
    "prove_sensitivity_recursion": ("S * sp.Matrix(W)", "S * sp.Matrix(W).T"),
    "prove_entries": ("net.a[layer][i, p]", "net.a[layer][i, j]"),
    "prove_jacobian": ("np.kron(S[i, k], a[i])", "np.kron(a[i], S[i, k])"),
    "prove_1_2_1": ("s1, s2, a1, a2, 1", "s1, s2, a1, a2, 0"),
    "prove_zero_block": ("0, 0, s1, 0]", "0, 0, s1, s1]"),
    "prove_delta_is_r_times_s": ("r[i, k] * S[i, k, j]", "r[i, k] ** 2 * S[i, k, j]"),
    "prove_gradient_from_j": ("net.diff_J.T * net.r,", "2 * net.diff_J.T * net.r,"),
    "prove_loss_has_one_row": ("net.J.T * net.r * net.r.T * net.J", "net.J.T * net.J"),
}
