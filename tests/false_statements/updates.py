"""For each proof of lesson 08 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_the_step_of_lesson_07": ("= -g", "= g"),
    "prove_model_decrease": (r"-h^\top g", r"h^\top g"),
    "prove_predicted_decrease": (r"\mu h - g", r"\mu h + g"),
    "prove_promise_is_a_decrease": (r"\mu h - g", r"\mu h + g"),
    "prove_gain_ratio": ("s.mu * s.h - s.g", "s.mu * s.h + s.g"),
    "prove_short_steps_keep_their_promise": ("(h / t - g) / 2", "(h / t + g) / 2"),
    "prove_factor_rule": ("np.tile(mus, 2) / cs", "np.tile(mus, 2) * cs / cs"),
    "prove_nielsens_cubic": ("f.subs(rho, 0) - 2", "f.subs(rho, 0) - 3"),
    "prove_nielsens_rule": ("np.cbrt(2 / 3)", "np.sqrt(2 / 3)"),
    "prove_doubling_doubles": ("rule.update(mu, -1.0, False)", "Nielsen().update(mu, -1.0, False)"),
    "prove_right_angle": ("np.linalg.norm(here.J, axis=0)", "np.linalg.norm(here.J, axis=1)"),
    "prove_step_is_at_most_g_over_mu": (r"+ 2\mu", r"+ \mu"),
    "prove_where_the_third_begins": ("sp.Rational(2, 3)", "sp.Rational(1, 3)"),
}
