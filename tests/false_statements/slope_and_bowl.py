"""For each proof of lesson 02 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_parabola": ("h**2 / 2", "h**2"),
    "prove_bowl": ("(H * h) / 2", "(H * h)"),
    "prove_newton_step": ("-g", "g"),
    "prove_bottom": (r"+ \tfrac12\, v^\top H v", r"- \tfrac12\, v^\top H v"),
    "prove_quadratic_at_once": ("g + H h = 0", "g - H h = 0"),
    "prove_newton_climbs": (r"-h^\top", r"h^\top"),
    "prove_slope": (r"J^\top r", r"2 J^\top r"),
    "prove_product_rule": (r"+ \sum_i r_i", r"- \sum_i r_i"),
    "prove_hessian": (r"J^\top J +", r"J^\top J -"),
    "prove_never_downward": (r"-\lVert J h\rVert^2", r"\lVert J h\rVert^2"),
    "prove_straight_model": (r"H = J^\top J", r"H = 2 J^\top J"),
    "prove_small_residuals": ("2 * F * bend", "F * bend"),
}
