"""For each proof of lesson 02 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_parabola": ("h**2 / 2", "h**2"),
    "prove_bowl": ("(H * h) / 2", "(H * h)"),
    "prove_newton_step": ("(-g)", "g"),
    "prove_bottom": ("bowl(h) + v.dot", "bowl(h) - v.dot"),
    "prove_quadratic_at_once": ("LUsolve(-g)", "LUsolve(g)"),
    "prove_newton_climbs": ("-h.dot", "h.dot"),
    "prove_slope": ("J.T * r", "2 * J.T * r"),
    "prove_product_rule": ("kept + ", "kept - "),
    "prove_hessian": ("J.T * J + _lost(r, theta)", "J.T * J"),
    "prove_never_downward": ("-Jh)", "Jh)"),
    "prove_straight_model": ("J * theta - y", "J * theta.applyfunc(sp.sin) - y"),
    "prove_small_residuals": ("2 * F * bend", "F * bend"),
}
