"""lmteach: the Levenberg-Marquardt algorithm, derived, proved, stepped and broken.

Start with `python -m lmteach lab`.
"""

__version__ = "0.1.0"

from .bounds import Bounded
from .curve_fit import CurveFit
from .damping import DampingRule, Factor, Nielsen
from .evidence import bayesian_regularization
from .layers import Input, Linear, Relu, Sigmoid, Softmax, Softplus, Tanh
from .multistart import multistart
from .network import Layer, Network
from .network_fit import NetworkFit
from .problems import Evaluation, LeastSquares, Problem
from .solvers import levenberg_marquardt
from .solving import solve
from .trace import Step, Trace
from .uncertainty import uncertainty
from .undamped import gauss_newton, gradient_descent
from .wrappers import Fixed, Regularized, Robust

__all__ = [
    "Bounded",
    "CurveFit",
    "DampingRule",
    "Evaluation",
    "Factor",
    "Fixed",
    "Input",
    "Layer",
    "LeastSquares",
    "Linear",
    "Network",
    "NetworkFit",
    "Nielsen",
    "Problem",
    "Regularized",
    "Relu",
    "Robust",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
    "Trace",
    "bayesian_regularization",
    "gauss_newton",
    "gradient_descent",
    "levenberg_marquardt",
    "multistart",
    "solve",
    "uncertainty",
]
LIVE = (
    "explore_mu",
    "play",
)  # they need ipywidgets and matplotlib, for which nobody else should wait


def __getattr__(name):
    if name not in LIVE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import widgets

    return getattr(widgets, name)


def __dir__():
    return sorted([*globals(), *LIVE])
