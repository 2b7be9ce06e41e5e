"""The catalogue: each known mistake in one sentence, with what to do about it.

Where two mistakes give the same steps, one sentence says both.
"""

SENTENCES = {
    # What stands where J, JᵀJ and Jᵀr belong.
    "squared errors": (
        "J is that of the squared errors, not of the errors: it descends Σr⁴, or weighs each "
        "row of J by its error. Differentiate r itself (neupy's page's class did this)."
    ),
    "gradient as J": (
        "The gradient of the loss stands where J belongs: ggᵀ has rank one, so h = −c·g, "
        "gradient descent in disguise. J has one row for each residual."
    ),
    "root of the loss": (
        "J is the gradient of √loss, a single row: JᵀJ = ggᵀ/(4F) has rank one, and h is along "
        "−g, gradient descent in disguise. J has one row for each residual."
    ),
    "roots of residuals": "J is that of √|r|, not of r: differentiate the residuals themselves.",
    "summed too early": (
        "The rows of J are summed (or averaged) over the samples before JᵀJ is made: one row "
        "and rank one are left. Sum the products, Σ JᵢᵀJᵢ, not the rows."
    ),
    "rows missing": (
        "A row of J (the first or the last residual) is left out: a loop is off by one."
    ),
    "some rows": "Only a part of the rows of J and r is used at a step, as in a mini-batch.",
    "diagonal of the inverse": (
        "Only the diagonal of (JᵀJ + μD²)⁻¹ is used: what couples the parameters is lost."
    ),
    "theta shrunk": (
        "θ itself is shrunk at every step (weight decay), beside Levenberg-Marquardt's h: that "
        "moves the end."
    ),
    "dogleg": (
        "Its steps lie between −g and Gauss-Newton's step: Powell's dogleg, another "
        "trust-region method than Levenberg-Marquardt."
    ),
    "reshaped": "J is reshaped where it should be transposed: its entries are in another order.",
    "transposed": (
        "J is transposed: JJᵀ stands where JᵀJ belongs, or Jr for Jᵀr. J has a row for each "
        "residual and a column for each parameter."
    ),
    "bare J": (
        "J itself stands where JᵀJ belongs (and r where Jᵀr does): that is Newton's method for "
        "r = 0, and needs as many residuals as parameters."
    ),
    "blocks": (
        "JᵀJ is cut into blocks, one for each parameter (or layer), and each block is solved "
        "alone: what couples them is lost. Solve for all parameters at once."
    ),
    "row sums": (
        "The row sums of the Hessian stand where the matrix belongs, as grad(sum(grad)) gives "
        "them: a vector, H·1, and a division by it. Build JᵀJ and solve."
    ),
    "absolute": "Sums of absolute values are taken.",
    "Newton": (
        "The full Hessian H = JᵀJ + Σ rᵢ∇²rᵢ stands where JᵀJ belongs: this is damped Newton, "
        "which can climb where H is not positive definite."
    ),
    "squared gradient": (
        "The squared entries of the gradient stand where JᵀJ belongs (an empirical Fisher "
        "diagonal, as in Adagrad): a division for each parameter, no coupling."
    ),
    "triangle": "Only one triangle of JᵀJ is used as if it were the whole matrix.",
    "index": "An index is wrong in JᵀJ: entry (i, j) holds ΣJᵢ² where ΣJᵢJⱼ belongs.",
    "triangular factor": (
        "A triangular factor (R of J = QR, or Cholesky's) stands where JᵀJ = RᵀR belongs."
    ),
    "one row": "Only one residual and its row of J are used: one sample a step.",
    "coarse differences": "J is made by differences that are too coarse: their step is too large.",
    "missing columns": (
        "Columns of J are missing: {parameters} never moved. Are the biases left out?"
    ),
    "rows weighted": (
        "The rows are weighted by their residuals, as robust losses do: it descends another F "
        "than ½Σr²."
    ),
    "rows scaled": (
        "The rows of J are scaled to one length: each residual has another weight then, and it "
        "descends another F than ½Σr² (or, where r is not scaled as well, none at all)."
    ),
    "columns scaled": (
        "The columns of J are scaled, and the step is not scaled back: h must be divided by the "
        "lengths that the columns were divided by."
    ),
    "mean subtracted": (
        "A mean is subtracted from r, or from the columns of J, as if they were data to be "
        "standardized: what they have in common is lost."
    ),
    "absolute entries": "|J| stands where J belongs: the signs of its entries are lost.",
    "absolute gradient": "|Jᵀr| stands where Jᵀr belongs: the signs of the gradient are lost.",
    "rows out of order": (
        "The rows of J and the entries of r are in different orders: Jᵀr multiplies each residual "
        "with the row of another."
    ),
    "diagonal twice": (
        "The diagonal of JᵀJ is counted twice, as a triangle plus its transpose counts it."
    ),
    "r clipped": "Residuals of one sign are set to zero, or r is clipped.",
    "r left out": (
        "r is left out of the right-hand side: Jᵀ1 (or the mean row of J) stands where Jᵀr belongs."
    ),
    "absolute residuals": "|r| stands where r belongs: the sign of each residual is lost.",
    "signs of residuals": "Only the signs of r enter the right-hand side: it descends Σ|r|.",
    "signs of the gradient": (
        "Only the signs of Jᵀr enter the right-hand side, or its entries are clipped to one size."
    ),
    "normalized gradient": "The gradient is divided by its length before the system is solved.",
    "ridge": (
        "μθ is added to the gradient: μ is used as a penalty on the parameters (ridge, weight "
        "decay), which moves the minimum. In Levenberg-Marquardt μ damps the step only."
    ),
    "penalty": (
        "A penalty on the parameters is added to Jᵀr (weight decay: c·θ, c·sign θ or a constant, "
        "with c near {value:.2g}): that moves the minimum. In Levenberg-Marquardt μ damps the step "
        "only; a penalty belongs into r, as residuals √c·θ."
    ),
    # Signs and factors.
    "sign": (
        "The sign is wrong, it climbs: r is target − prediction with the J of prediction − "
        "target, or the step is added where it should be subtracted, or minus is applied twice "
        "(h = −solve(…), then θ − h). From the steps alone these cannot be told apart."
    ),
    "subtracted": (
        "The step that it tells is right, and is then subtracted where it should be added (or "
        "minus is applied twice): θ_new = θ − h."
    ),
    "sign of r": (
        "The step itself has the wrong sign: r is target − prediction with the J of prediction "
        "− target, or the minus of −Jᵀr is missing."
    ),
    "twice": "The step is applied twice: θ_new = θ + 2h.",
    "scaled": "The step that it tells is not the step that it makes: θ_new = θ + {factor:.3g}·h.",
    "other length": (
        "The step that is tried is not the step that is made: θ + h is judged, and then θ moves "
        "by {factor:.3g}·h."
    ),
    "factor": (
        "A factor of {words} is on one side only: Jᵀr (or the whole step) is {words} times what "
        "belongs to its JᵀJ. Mean on one side and sum on the other, 2 from the square of r, a step "
        "that is applied twice, or a learning rate; on both sides it would do no harm."
    ),
    "mu subtracted": "μ is subtracted from JᵀJ where it should be added.",
    # What μ does.
    "no mu": "μ never reaches the matrix: this is plain Gauss-Newton.",
    "constant mu": (
        "μ never changes: a constant {value}stands where the μ that was handed in belongs."
    ),
    "own mu": "The μ that is handed in is not used: it keeps a μ of its own ({values}).",
    "late mu": "μ is late: the step is made with the μ of the step before.",
    "mu squared": "μ² stands on the diagonal: the stacked system [J; cI] needs c = √μ, not μ.",
    "root of mu": "√μ stands on the diagonal where μ belongs.",
    "mu inverted": "1/μ stands on the diagonal: it is damped less the larger μ is.",
    "mu on all entries": (
        "μ is added to all entries of JᵀJ (A + mu broadcasts), or to whole rows or columns, not "
        "to the diagonal only."
    ),
    "mu off the diagonal": "μ stands beside the diagonal of JᵀJ where it belongs on it.",
    "shortened": (
        "Its steps are Gauss-Newton's, only shorter: a line search, or μ times the whole JᵀJ. "
        "Damping turns the step as well; μ belongs on the diagonal alone."
    ),
    "mu times the whole matrix": (
        "μ multiplies the whole JᵀJ, not its diagonal: (1 + μ)JᵀJ is Gauss-Newton with a "
        "shorter step."
    ),
    "blend": (
        "JᵀJ shrinks as μ grows: (1 − μ)JᵀJ + μD² (or JᵀJ/(1 + μ)) stands where JᵀJ + μD² belongs. "
        "A blend of two matrices is no damping, and turns round where μ > 1."
    ),
    "wrong diagonal": "μ multiplies the diagonal of the wrong matrix: not I, and not diag(JᵀJ).",
    "some undamped": "Some parameters are not damped: μ stands beside a part of the diagonal only.",
    # From another place.
    "stale J": "J is stale: it belongs to another θ than r does.",
    "sometimes stale": (
        "J (or r) is stale at some steps: there it belongs to another θ. "
        "Is it made anew too seldom?"
    ),
    "stale r": "r is stale: it belongs to another θ than J does.",
    # No equation is solved.
    "no step": "The step is never made: θ stays where it is. Is the function that makes it called?",
    "no matrix": "There is no JᵀJ: this is plain gradient descent, with 1/μ as its rate.",
    "gradient descent": "This is plain gradient descent with a fixed rate: h = −c·g.",
    "gradient direction": (
        "Its steps are along −g only, gradient descent in disguise: of JᵀJ it uses at most a "
        "number (a rank-one matrix, a line search)."
    ),
    "momentum": "This is gradient descent with momentum.",
    "momentum on top": "Momentum is added to Levenberg-Marquardt's steps: the step before is in h.",
    "own length": (
        "The direction is right, the length is not: h is normalized, clipped or multiplied by a "
        "rate of its own, so μ no longer decides how far it goes."
    ),
    "entries changed": (
        "The step of the right system is changed entry by entry (clipped, squashed by a tanh): "
        "that turns it. To shorten a step, raise μ."
    ),
    "entries clipped": "Its steps are clipped entry by entry, to ±{size:.3g}: that turns them.",
    "entries permuted": (
        "The entries of the step are in another order than the parameters: columns of J are "
        "swapped, or θ is put together in another order than it was taken apart."
    ),
    "one entry": (
        "One entry of the step is kept at a time and the others are set to zero: coordinate "
        "descent, with lengths from the joint system."
    ),
    "rounded": (
        "The step is rounded, to {decimals} decimals: steps shorter than that are lost, and it "
        "stops early."
    ),
    "filter of s": (
        "The singular values are damped wrongly: 1/(s + μ) stands where s/(s² + μ) belongs."
    ),
    "signs of the step": "The signs of the step are lost: |h| stands where h belongs.",
    "unfinished": (
        "The system is not solved to its end: an inner iteration (conjugate gradients, Jacobi, "
        "Gauss-Seidel) stops too early."
    ),
    "from steps before": (
        "Its first step is along −g, and the later ones solve no damped system at their θ: it "
        "learns from the steps before, as BFGS and conjugate gradients do."
    ),
    "no way back": (
        "Its training error rises: it has no way back from a bad step, as gradient descent and "
        "Adam have none."
    ),
    "creeps": (
        "Its training error creeps down, for {epochs} epochs, to no minimum: a straight line "
        "takes Levenberg-Marquardt a few. Gradient descent, or Adam, perhaps."
    ),
    "Adam": "This is Adam under the name of Levenberg-Marquardt.",
    "RMSprop": "This is RMSprop under the name of Levenberg-Marquardt.",
    "Adagrad": "This is Adagrad under the name of Levenberg-Marquardt.",
    "sign descent": (
        "Its steps have the signs of −g and all the same size: sign descent, or Adam whose "
        "averages are started anew at every call, or steps whose entries are all clipped."
    ),
    "normalized descent": "This is gradient descent with steps of a fixed length: h = −c·g/‖g‖.",
    "multiplied": "The matrix is multiplied where the system should be solved: h = −(JᵀJ + μD²)g.",
    "half solved": (
        "Only one of the two triangular systems is solved, or the same one twice: "
        "h = −L⁻ᵀL⁻¹g takes L, then Lᵀ."
    ),
    "factor transposed": (
        "V stands where Vᵀ belongs, or Vᵀ for V, in J = U diag(s) Vᵀ or JᵀJ = V diag(s²) Vᵀ: the "
        "lengths are right, the directions are not."
    ),
    "mu in J": "μ is added to J itself, where it belongs beside JᵀJ.",
    "solved twice": "The system is solved twice: h = −(JᵀJ + μD²)⁻²g.",
    "elementwise inverse": "1/(JᵀJ + μI) is taken entry by entry: that is not the inverse matrix.",
    # What becomes of a trial.
    "bad step kept": "A bad step is kept: it is accepted although F rises.",
    "not restored": "θ is not restored after a refusal: the refused step stays in it.",
    "other theta": "After a refusal another θ stands where the old one belongs.",
    "called accepted": (
        "A refused step is called accepted (θ stays, accepted is True): μ then falls where it "
        "should rise."
    ),
    "applied again": "After a refusal the step is applied again where it should be taken back.",
    "bits lost": "θ is restored by subtracting the step, not from a copy: its last bits are lost.",
    "good step refused": "A good step is refused: F falls and it is not accepted.",
    "not taken": "A step is accepted but not taken: θ_new is the old θ.",
    "stuck": (
        "θ does not move from its start, where F could still fall: is every trial refused, because "
        "the sign of the step is wrong, or is none made?"
    ),
    "same trial": (
        "The same refused trial is made again and again: after a refusal μ never changes, so "
        "neither does the step."
    ),
    "verdict turned": (
        "The verdict is turned round: steps are kept where F rises, refused where it falls."
    ),
    "other measure": (
        "What is accepted is not decided by F = ½Σr²: some steps that raise it pass. Is a plain "
        "sum of r compared, or Σ|r|, or the largest |r|, or is a small rise let through?"
    ),
    "stale loss": (
        "The new loss is compared with an old one: a step passes because F was larger at an "
        "earlier call."
    ),
    "mu turned": "μ moves the wrong way: down after a bad step (or up after a good one).",
    "mu late in a run": (
        "μ is late: it answers to the step before the last, as it compares the loss only at the "
        "start of the next step."
    ),
    "mu never changes in a run": (
        "μ never changes: the same λ is used at every step, whatever F does."
    ),
    "never called": "{name} is never called: something else does the training.",
    "not repeatable": (
        "The same θ and μ give another step each time: it draws random numbers, or keeps a "
        "state from call to call, as momentum and Adam do."
    ),
    "stops early": (
        "It stops early: at the end of a run θ no longer moves, though Jᵀr is far from zero there."
    ),
    "ends early": (
        "It ends before the minimum, after {count} trials or so: ‖Jᵀr‖ is still {percent:.2g} % of "
        "what it was at the start. Too few steps, a stop that comes too soon, or a μ that stays "
        "too large?"
    ),
    "fit ends high": (
        "It ends above the best straight line: too few steps, or steps that lead elsewhere. What "
        "its steps are is not seen from outside: hand over the step, or the solver inside."
    ),
    "unknown": (
        "No known mistake reproduces its steps. Beside h of (JᵀJ + μI) h = −Jᵀr, its steps are "
        "{length} as long and {angle:.2g}° away{ends}."
    ),
    "unknown run": (
        "No known mistake reproduces its trials: from {share:.0f} % of its θ one lies on "
        "Levenberg-Marquardt's curve, for some μ and D."
    ),
    "right steps": (
        "Each of its steps is right, and yet a run does not end where it should: what is accepted, "
        "and when, or what is remembered from call to call?"
    ),
    "one step": "It makes one step only: is the loop missing?",
    "told transposed": "The J that it tells is transposed: it has a row for each parameter.",
    "many places": (
        "It asks for J at several θ within one step: it goes sample by sample, or makes several "
        "steps in one call."
    ),
    "residual only": "r and J are never both asked for: the steps do not come from them.",
}

TRAINING_ONLY = ("gradient descent", "momentum", "Adam", "RMSprop", "Adagrad", "sign descent",
                 "normalized descent", "gradient direction", "no matrix")  # fmt: skip


def sentence(key, **words):
    """The sentence of a mistake, with its numbers put in."""
    return SENTENCES[key].format(**words)
