"""For each proof of lesson 11 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_push_through": (r"+ \mu J^\top", r"- \mu J^\top"),
    "prove_dual_step": (r"-J^\top v", r"J^\top v"),
    "prove_gram_matrix_of_samples": ("np.ones(2", "np.zeros(2"),
    "prove_blocks_of_the_matrix": ("np.outer(a[i], b[i])", "np.outer(b[i], a[i])"),
    "prove_cross_entropy_in_the_logits": ("p - sp.Matrix(y)", "sp.Matrix(y) - p"),
    "prove_root_of_the_curvature": ("C * C.T", "C.T * C"),
    "prove_generalized_gauss_newton": ("sp.diag(*p) - p * p.T", "sp.diag(*p)"),
}
