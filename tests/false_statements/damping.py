"""For each proof of lesson 07 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_damped_step": ("mu * h.dot(h) / 2", "mu * h.dot(h)"),
    "prove_positive_definite": ("+ mu * v.dot(v)", "+ mu**2 * v.dot(v)"),
    "prove_descent": ("g = -(J.T", "g = (J.T"),
    "prove_singular_parts": ("(s[i] ** 2 + mu)", "(s[i] + mu)"),
    "prove_filter_factors": ("/ (s[i] ** 2 + mu) * gauss", "/ (s[i] ** 2 - mu) * gauss"),
    "prove_limits": ("(high, -g)", "(high, g)"),
    "prove_shorter": ("slope = -2 * sum", "slope = 2 * sum"),
    "prove_turns": ("(q[i] - q[j])", "(q[i] + q[j])"),
    "prove_radius": ("h.dot(h) - (h + v).dot(h + v)", "(h + v).dot(h + v) - h.dot(h)"),
    "prove_stacked": ("sp.sqrt(mu)", "mu"),
    "prove_falls_as_predicted": ("mu * D2 * h - g", "mu * D2 * h + g"),
    "prove_units_and_identity": ("[1 / x for x in c]", "list(c)"),
    "prove_units_and_diagonal": ("_lengths(numbers * C)).h", "_lengths(numbers)).h"),
}
