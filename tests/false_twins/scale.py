"""For each proof of lesson 11 a slip (old text, new text) in its body that must make it fail."""

FALSE = {
    "prove_push_through": ("mu * sp.eye(2)", "2 * mu * sp.eye(2)"),
    "prove_dual_step": ("-J.T * v", "J.T * v"),
    "prove_gram_matrix_of_samples": ("sp.ones(2, 1)", "sp.zeros(2, 1)"),
}
