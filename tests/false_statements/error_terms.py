"""For each proof of lesson 04 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_columns_to_rows": ("dc[1] * ac[1].T", "dc[1] * ac[0].T"),
    "prove_forward": ("a = z.applyfunc(f)", "a = z.applyfunc(slope)"),
    "prove_error_term": ("net.delta[0][0]", "net.delta[1][0]"),
    "prove_output_error_term": ("- y\n", "+ y\n"),
    "prove_hidden_error_term": ("delta[k] * W[k, j]", "delta[k] * W[j, k]"),
    "prove_recursion": ("(W_next.T * ", "(W_next * "),
    "prove_slopes": ("(sp.tanh(z).diff(z), 1 - a[0] ** 2)", "(sp.tanh(z).diff(z), 1 - z ** 2)"),
    "prove_one_weight": ("delta[0, j] * a[0, k]", "delta[0, k] * a[0, j]"),
    "prove_gradient": ("*(dc[0] + dc[1])", "*(dc[0] - dc[1])"),
    "prove_central_difference": ("eps**2 / 6", "eps**2 / 3"),
}
