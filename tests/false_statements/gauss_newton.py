"""For each proof of lesson 06 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_straight_line_model": ("net.J * h", "-net.J * h"),
    "prove_model_is_a_bowl": ("h.dot(A * h) / 2", "h.dot(A * h)"),
    "prove_gauss_newton_step": ("-net.J.T * net.r", "net.J.T * net.r"),
    "prove_gauss_newton_minimum": ("v.dot(J.T * rest)", "v.dot(J.T * r)"),
    "prove_newton_without_the_sum": ("at.hessian - lost", "at.hessian"),
    "prove_gauss_newton_one_step": ("theta + at.here.step(0)", "theta + at.here.step(0) / 2"),
    "prove_rosenbrock_bend": ("-10 * h[0]", "-20 * h[0]"),
    "prove_part_of_the_step": ("t**2 * bend", "t * bend"),
    "prove_gauss_newton_map": ("subs(theta, 0), c", "subs(theta, 0), 1 - c"),
    "prove_condition_squared": ("s**2", "s"),
}
