"""Layers put together as a network: which may stand where, and where their weights lie in θ."""

from itertools import pairwise

from .checks import instance


def checked_layers(layers, kind):
    """Return the layers of this kind, those of networks among them one by one, each checked.

    An Input stands first, and a layer that couples its units last.
    """
    layers = flat(instance("layers", layers, (list, tuple), "a list or tuple of layers"))
    if not layers:
        raise ValueError("layers is empty: expected Input(n) and at least one more layer")
    for i, layer in enumerate(layers):
        instance(f"layers[{i}]", layer, kind, "a layer, such as Tanh(4)")
        if (type(layer).__name__ == "Input") != (i == 0):
            raise ValueError(f"layers[{i}] is {layer!r}: expected Input(n) first, and nowhere else")
        if layer.couples and i != len(layers) - 1:
            raise ValueError(f"layers[{i}] is {layer!r}: expected it last, and nowhere else")
        layer.check_slopes()
    return layers


def flat(layers):
    """Return a list in which networks count as their layers."""
    parts = [[p.inputs, *p.layers] if hasattr(p, "inputs") else [p] for p in layers]
    return sum(parts, [])


def places(sizes):
    """Yield (shape of W, its slice of θ, the slice of b), layer by layer."""
    stop = 0
    for n_in, n_out in pairwise(sizes):
        start, middle, stop = stop, stop + n_out * n_in, stop + n_out * (n_in + 1)
        yield (n_out, n_in), slice(start, middle), slice(middle, stop)
