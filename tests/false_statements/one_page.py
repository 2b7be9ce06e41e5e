"""For each proof of page A a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_loss_in_full": ("[i, k] - net.Y[i, k]", "[i, k] + net.Y[i, k]"),  # the target's sign
    "prove_promise": ("h.dot(mu * h - g) / 2", "h.dot(mu * h + g) / 2"),  # g's sign
    # a refused step is kept
    "prove_update_of_theta": ("s.theta + s.h if fell else s.theta", "s.theta + s.h"),
}
