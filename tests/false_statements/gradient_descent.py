"""For each proof of lesson 03 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_downhill": ("-(g1**2 + g2**2)", "g1**2 + g2**2"),
    "prove_gradient_of_a_bowl": ("here.theta - best", "here.theta + best"),
    "prove_straight_bowl": ("(e.T * here.A * e)[0] / 2", "(e.T * here.A * e)[0]"),
    "prove_one_step": ("eta * here.A)", "2 * eta * here.A)"),
    "prove_each_direction": ("1 - eta * s1**2", "1 - eta * s1"),
    "prove_longest_rate": ("edge, any_s2 = 2 / top**2", "edge, any_s2 = 1 / top**2"),
    "prove_best_rate": ("2 / (top**2 + low**2)", "2 / top**2"),
    "prove_sum_of_samples": ("each[0] + each[1]", "each[0]"),
}
