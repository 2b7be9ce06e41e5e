"""For each proof of lesson 05 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_backward_pass": ("net.a, v,", "net.a, -v,"),
    "prove_sensitivity": ("output.jacobian(z)", "output.jacobian(z).T"),
    "prove_sensitivity_recursion": ("S * sp.Matrix(W)", "S * sp.Matrix(W).T"),
    "prove_entries": ("a^{l-1}_{ip}", "a^{l}_{ip}"),
    "prove_jacobian": ("np.kron(S[i, k], a[i])", "np.kron(a[i], S[i, k])"),
    "prove_1_2_1": ("& a^1_2 & 1", "& a^1_2 & 0"),
    "prove_zero_block": (r"0 & 0 & S^2_{11} & 0", r"0 & 0 & 0 & S^2_{11}"),
    "prove_delta_is_r_times_s": (r"\sum_{k} r", r"-\sum_{k} r"),
    "prove_gradient_from_j": (r"J^\top r = g", r"-J^\top r = g"),
    "prove_loss_has_one_row": (r"= r^\top J", r"= -r^\top J"),
}
