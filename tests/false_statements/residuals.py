"""For each proof of lesson 01 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_residual": ("net.a[-1][i, k] - net.Y[i, k]", "net.Y[i, k] - net.a[-1][i, k]"),
    "prove_losses": ("sse / 2", "sse"),
    "prove_number_of_parameters": ("(before + 1)", "before"),
    "prove_borrowed_step": ("-net.J.T * net.r", "net.J.T * net.r"),
    "prove_sign": ("left_over(-r, J, -h)", "left_over(-r, J, h)"),
    "prove_factor": ("mu / c", "mu * c"),
    "prove_whose_mu": ("-h.dot", "h.dot"),
}
