"""For each proof of lesson 06 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_straight_line_model": ("net.J * h", "-net.J * h"),
    "prove_model_is_a_bowl": (r"\tfrac12\, h^\top", r"h^\top"),
    "prove_gauss_newton_step": (r"-J^\top r", r"J^\top r"),
    "prove_gauss_newton_minimum": (r"v^\top J^\top (r + J h)", r"v^\top J^\top (r - J h)"),
    "prove_newton_without_the_sum": ("at.hessian - lost", "at.hessian"),
    "prove_gauss_newton_one_step": ("(r + J h)", "(r - J h)"),
    "prove_rosenbrock_bend": ("-10", "-20"),
    "prove_part_of_the_step": ("t^2", "t"),
    "prove_gauss_newton_map": ("subs(theta, 0), c", "subs(theta, 0), 1 - c"),
    "prove_condition_squared": ("s**2", "s"),
}
