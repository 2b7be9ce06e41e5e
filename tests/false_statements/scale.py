"""For each proof of lesson 11 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_push_through": ("mu * sp.eye(2)", "2 * mu * sp.eye(2)"),
    "prove_dual_step": ("-J.T * v", "J.T * v"),
    "prove_gram_matrix_of_samples": ("sp.ones(2, 1)", "sp.zeros(2, 1)"),
    "prove_blocks_of_the_matrix": ("np.outer(a[i], b[i])", "np.outer(b[i], a[i])"),
    "prove_cross_entropy_in_the_logits": ("p - sp.Matrix(y)", "sp.Matrix(y) - p"),
    "prove_root_of_the_curvature": ("C * C.T", "C.T * C"),
    "prove_generalized_gauss_newton": ("sp.diag(*p) - p * p.T", "sp.diag(*p)"),
}
