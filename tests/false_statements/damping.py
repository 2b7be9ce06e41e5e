"""For each proof of lesson 07 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_damped_step": (r"+ \mu h", r"- \mu h"),
    "prove_positive_definite": (r"+ \mu\,\lVert", r"+ \mu^2\,\lVert"),
    "prove_descent": (r"- \mu", r"+ \mu"),
    "prove_singular_parts": ("s_i^2", "s_i"),
    "prove_filter_factors": (r"s_i^2 + \mu", r"s_i^2 - \mu"),
    "prove_limits": ("= -g_i", "= g_i"),
    "prove_shorter": (r"-2 \sum", r"2 \sum"),
    "prove_turns": ("q_i - q_j", "q_i + q_j"),
    "prove_radius": (r"- \lVert h+v\rVert^2", r"+ \lVert h+v\rVert^2"),
    "prove_stacked": (r"\sqrt{\mu}", r"\mu"),
    "prove_falls_as_predicted": ("D^2 h - g", "D^2 h + g"),
    "prove_units_and_identity": ("C^{-2}", "C^{2}"),
    "prove_units_and_diagonal": ("= C D^2 C", "= D^2 C"),
}
