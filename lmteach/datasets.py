"""What the lessons fit, X (N, n_inputs) and Y (N, n_outputs): drawn from a seed, digits, MNIST."""

import gzip
import math
import zlib
from numbers import Integral, Real
from pathlib import Path
from typing import NamedTuple

import numpy as np

MAX_SEED = 2**32 - 1  # the largest that np.random.RandomState takes
SMALL_SIDE, SMALL_INK = 8, 16  # a pixel of load_digits counts the ink in 4 × 4 cells
SIDE, INK, N_CLASSES, N_TRAIN, MNIST_SHAPE = 28, 255, 10, 60_000, (70_000, 784)
MNIST_FILES = [
    f"{part}-{of}-ubyte" for part in ("train", "t10k") for of in ("images-idx3", "labels-idx1")
]
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC, MAX_NDIM = b"\x1f\x8b", 32  # every NumPy has arrays of up to 32 dimensions
MAX_BYTES, CHUNK = 2**30, 2**20  # of an IDX file's elements; of what is unpacked at a time


class Digits(NamedTuple):
    """Pixels X (N, side²) in [0, 1], one-hot Y (N, 10), labels (N,), images (N, side, side)."""

    X: np.ndarray
    Y: np.ndarray
    labels: np.ndarray
    images: np.ndarray


def line(n=100, seed=42):
    """Return the blog's line, y = 3x + 1 + 0.1ε with x uniform in [0, 1).

    These are its float32 numbers to the last bit. Returns X (n, 1), Y (n, 1). Raises ValueError or
    TypeError if n is below 1 or seed outside 0 … 2³² − 1.
    Source: the first listing of the blog post on Levenberg-Marquardt that started this project.
    """
    # A generator of its own leaves the state of np.random as it is.
    stream = np.random.RandomState(_number("seed", seed, 0, MAX_SEED))
    X = stream.rand(_number("n", n, 1), 1).astype(np.float32)
    Y = 3 * X + 1 + 0.1 * stream.randn(*X.shape).astype(np.float32)
    return X.astype(np.float64), Y.astype(np.float64)


def sine(n=40, noise=0.0, seed=0):
    """Return one period, y = sin x + noise·ε with ε standard normal, at n even x in [−π, π].

    Returns X (n, 1), Y (n, 1). Raises ValueError or TypeError if n is below 1, noise negative or
    not finite, or the seed bad.
    """
    X = np.linspace(-np.pi, np.pi, _number("n", n, 1))[:, None]
    stream = np.random.default_rng(_number("seed", seed, 0, MAX_SEED))
    return X, np.sin(X) + _number("noise", noise, 0, kind=float) * stream.standard_normal(X.shape)


def sinc(n=17):
    """Return a hill with ripples, y = sin(5x₁)/(5x₁) · sin(5x₂)/(5x₂), on a grid over [−1, 1]².

    Returns X (n², 2) with x₁ running fastest, Y (n², 1). Raises ValueError or TypeError if n is
    below 1.
    """
    ticks = np.linspace(-1, 1, _number("n", n, 1))
    X = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    return X, np.sinc(5 * X / np.pi).prod(axis=1, keepdims=True)  # np.sinc(t) = sin(πt)/(πt)


def digits(size=8):
    """Return 1797 real handwritten digits, offline: ink / 16 on 8 × 8 pixels.

    A larger `size` enlarges them (bilinear) to size × size. Returns Digits in the dataset's own
    order. Raises ValueError or TypeError if size is below 8.
    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998), from
    scikit-learn.
    """
    factor = _number("size", size, SMALL_SIDE) / SMALL_SIDE
    from scipy.ndimage import zoom  # slow to import, both of them, and only needed here
    from sklearn.datasets import load_digits

    small = load_digits()
    images = zoom(small.images / SMALL_INK, (1, factor, factor), order=1)
    return _as_digits(np.clip(images, 0, 1), small.target)  # rounding may leave [0, 1]


def mnist(folder=None):
    """Return MNIST as (train, test), two Digits with pixels = grey / 255: 60 000 and 10 000.

    From a folder with its four IDX files (-idx or .idx in the name, gzipped or not), else from
    openml.org. Raises FileNotFoundError for missing files, ValueError for damaged files or others
    than MNIST's, and OSError if nothing could be fetched.
    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST Database of Handwritten Digits (1998).
    """
    if folder is None:
        return _fetch_mnist()
    paths = [_find_idx(_path("folder", folder), name) for name in MNIST_FILES]
    return _read_digits(*paths[:2]), _read_digits(*paths[2:])


def split(X, Y, fraction=0.75, seed=0, stratify=None):
    """Return (X, Y) for training and (X, Y) for validation.

    round(fraction·N) samples are drawn at random for training, the others are for validation.
    X (N, n_inputs), Y (N, n_outputs) are copied, in their order. With stratify, labels (N,), each
    class comes within one sample of its share. Raises ValueError or TypeError for arrays that are
    not 2-D, real and finite, for other lengths, and for an empty part.
    """
    X, Y = _table("X", X), _table("Y", Y)
    N = len(X)
    labels = np.zeros(N, int) if stratify is None else _array("stratify", stratify)
    _expect(len(Y) == N, f"Y has {len(Y)} rows: expected {N}, as X has")
    _expect(
        labels.shape == (N,) and labels.dtype.kind in "iuU",
        f"stratify is {labels.dtype} {labels.shape}: expected integers or strings of shape ({N},)",
    )
    n_train = round(_number("fraction", fraction, 0, 1, kind=float) * N)
    _expect(
        0 < n_train < N, f"fraction = {fraction} of {N} samples: expected one or more in each part"
    )
    chance = np.random.default_rng(_number("seed", seed, 0, MAX_SEED)).random(N)
    # Class after class, each in a random order, samples are drawn at even distances.
    train = np.empty(N, bool)
    train[np.lexsort((chance, labels))] = np.diff(np.arange(N + 1, dtype=np.int64) * n_train // N)
    return (X[train], Y[train]), (X[~train], Y[~train])


def standardize(train, *others):
    """Return (x − mean) / std of every array, with mean and std, two scalars, of train.

    Returns a tuple of new arrays. Raises ValueError or TypeError for arrays that are not 2-D, real
    and finite, and if train is constant.
    """
    train, others = _table("train", train), [_table("others", array) for array in others]
    same = f"train is {train.flat[0]} everywhere: expected at least two different values"
    _expect(np.ptp(train) > 0, same)
    mean, std = train.mean(), train.std()
    return tuple((array - mean) / std for array in (train, *others))


def read_idx(path):
    """Return the array in an IDX file, gzipped or not, in its shape and type (native byte order).

    Such a file is big-endian: 00 00, type code, number of dimensions, their sizes (uint32), the
    elements row by row. No more is unpacked than the sizes say, and they may say up to 1 GB. Raises
    FileNotFoundError if there is no such file, and ValueError for damaged gzip, a wrong magic
    number, larger sizes, and too few or too many bytes.
    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST Database (1998), "The IDX file format".
    """
    path = _path("path", path)
    missing = f"{path}: no such file, expected an IDX file, gzipped or not"
    _expect(path.is_file(), missing, FileNotFoundError)
    with path.open("rb") as raw:
        packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        if not packed:
            return _idx_array(path, raw)
        try:
            return _idx_array(path, gzip.GzipFile(fileobj=raw))
        except (OSError, EOFError, zlib.error) as error:
            complaint = f"{path}: damaged gzip ({error}), expected one that unpacks"
            raise ValueError(complaint) from error


def _idx_array(path, file):
    dtype, shape = _idx_header(path, file)
    n_bytes = dtype.itemsize * math.prod(shape)  # Python's integers: no header overflows them
    start = 4 + 4 * len(shape)
    expected = f"expected {start + n_bytes} for {dtype.name} {shape}"
    too_large = f"{path}: a header for {dtype.name} {shape}, expected at most {MAX_BYTES} bytes"
    _expect(n_bytes <= MAX_BYTES, too_large)
    content = bytearray()
    while len(content) <= n_bytes and (more := file.read(min(CHUNK, n_bytes + 1 - len(content)))):
        content += more
    came = f"{path}: {start + len(content)} bytes{' or more' * (len(content) > n_bytes)}"
    _expect(len(content) == n_bytes, f"{came}, {expected}")
    array = np.frombuffer(content, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _idx_header(path, file):
    """Return the type of the elements, and the shape."""
    magic = file.read(4)
    zeros, (code, ndim) = magic[:2], magic[2:].ljust(2, b"\0")
    codes = " ".join(f"{known:02x}" for known in IDX_TYPES)
    _expect(
        zeros == b"\0\0" and code in IDX_TYPES and 0 < ndim <= MAX_NDIM,
        f"{path}: starts with {magic.hex(' ') or 'nothing'}, expected an IDX magic number: "
        f"00 00, type {codes}, 1 to {MAX_NDIM} dimensions",
    )
    sizes = file.read(4 * ndim)
    shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4))
    _expect(
        len(sizes) == 4 * ndim and 0 not in shape,
        f"{path}: header with sizes {sizes.hex(' ')}, expected {ndim} of 4 bytes, none of them 0",
    )
    return np.dtype(IDX_TYPES[code]), shape


def _find_idx(folder, name):
    spellings = [stem + end for stem in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
    found = [folder / spelt for spelt in spellings if (folder / spelt).is_file()]
    missing = (
        f"folder = {folder}: no {' or '.join(spellings)}; "
        f"expected MNIST's four IDX files, {', '.join(MNIST_FILES)}"
    )
    _expect(found, missing, FileNotFoundError)
    return found[0]


def _read_digits(images_path, labels_path):
    images, labels = read_idx(images_path), read_idx(labels_path)
    for path, array, shape in (images_path, images, (SIDE, SIDE)), (labels_path, labels, ()):
        _expect(
            array.dtype == np.uint8 and array.shape[1:] == shape and len(array) <= N_TRAIN,
            f"{path}: {array.dtype} {array.shape}, expected uint8 of shape {('N', *shape)}, "
            f"N ≤ {N_TRAIN}",
        )
    _expect(
        labels.max() < N_CLASSES,
        f"{labels_path}: label {labels.max()}, expected 0 to {N_CLASSES - 1}",
    )
    _expect(
        len(images) == len(labels), f"{labels_path}: {len(labels)} labels, expected {len(images)}"
    )
    return _as_digits(images / INK, labels)


def _fetch_mnist():
    from sklearn.datasets import fetch_openml

    try:  # liac-arff, because scikit-learn's quicker parser needs pandas
        raw = fetch_openml("mnist_784", version=1, as_frame=False, parser="liac-arff")
    except Exception as error:  # no network, a broken line, a damaged cache
        raise OSError(
            f"no MNIST from openml.org ({error}); without a network use mnist(folder), a folder "
            f"with the four IDX files {', '.join(MNIST_FILES)}, gzipped or not"
        ) from error
    _expect(
        raw.data.shape == MNIST_SHAPE, f"openml.org gave {raw.data.shape}, expected {MNIST_SHAPE}"
    )
    images, labels = raw.data.reshape(-1, SIDE, SIDE) / INK, raw.target
    train = _as_digits(images[:N_TRAIN], labels[:N_TRAIN])
    return train, _as_digits(images[N_TRAIN:], labels[N_TRAIN:])


def _as_digits(images, labels):
    labels = labels.astype(np.int64)  # MNIST's are bytes in IDX, strings at OpenML
    return Digits(images.reshape(len(images), -1), np.eye(N_CLASSES)[labels], labels, images)


def _expect(holds, message, error=ValueError):
    if not holds:
        raise error(message)


def _number(name, value, low, high=math.inf, kind=int):
    kinds, what = (Integral, "an integer") if kind is int else (Real, "a finite number")
    message = f"{name} = {value!r}: expected {what} ≥ {low}" + f" and ≤ {high}" * (high < math.inf)
    _expect(isinstance(value, kinds) and not isinstance(value, bool), message, TypeError)
    _expect(low <= value <= high and value < math.inf, message)
    return kind(value)


def _array(name, value):
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array ({error}): expected rows of equal length") from error


def _table(name, value):
    array = _array(name, value)
    real = f"{name} has dtype {array.dtype}: expected real numbers"
    _expect(array.dtype.kind in "iuf", real, TypeError)
    table = f"{name} has shape {array.shape}: expected 2-D and not empty"
    _expect(array.size and array.ndim == 2, table)
    _expect(np.isfinite(array).all(), f"{name} has NaN or infinite values: expected finite ones")
    return array.astype(np.float64)


def _path(name, value):
    _expect(isinstance(value, str | Path), f"{name} = {value!r}: expected a str or Path", TypeError)
    return Path(value)
