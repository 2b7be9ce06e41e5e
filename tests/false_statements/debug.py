"""For each proof of lesson 10 a slip, (old text, new text), with which it must fail."""

FALSE = {
    "prove_gradient_of_the_loss_as_jacobian": ("same((-h,", "same((h,"),
    "prove_gradient_of_the_summed_gradient": ("net.hessian *", "net.A *"),
    "prove_blocks_where_orthogonal": ("J[:, 0].cross(J[:, 1])", "J[:, 0].cross(r)"),
    "prove_blocks_differ": ("[blocks[1], blocks[0]]", "[blocks[0], blocks[1]]"),
    "prove_squares_descend_the_fourth_power": ("2 * sp.diag(*r)", "sp.diag(*r)"),
    "prove_root_of_the_loss": ("(4 * loss)", "(2 * loss)"),
    "prove_curvature_of_cross_entropy": ("- p * p.T", "+ p * p.T"),
}
