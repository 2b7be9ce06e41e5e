"""For each proof of lesson 12 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_weights": ("[1 / s for s in sigma]", "[1 / s**2 for s in sigma]"),
    "prove_where_the_noise_takes_theta": ("truth + (J", "truth - (J"),
    "prove_covariance": ("det * adjugate", "det * adjugate * 2"),
    "prove_degrees_of_freedom": ("(3 - 2)", "(3 - 1)"),
    "prove_ellipse": ("h.T * J.T * J * h", "h.T * J.T * J * h / 2"),
    "prove_band": ("spread / 3", "spread / 2"),
    "prove_robust_gradient": ("row * corrected", "weight * row * corrected"),
    "prove_variable_projection": ("curve[1] ** 2)", "curve[1])"),
}
