"""datasets: the data are what they say; files are read exactly; bad input is refused in words."""

import gzip
import math
import subprocess
import sys
import tracemalloc
import zlib
from fractions import Fraction
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest

from lmteach import datasets
from lmteach.datasets import digits, line, mnist, read_idx, sinc, sine, split, standardize

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx_bytes(array, kind="u1"):
    """An IDX file's content, written here from the format's description alone."""
    header = bytes([0, 0, CODES[kind], array.ndim]) + b"".join(
        n.to_bytes(4, "big") for n in array.shape
    )
    return header + np.asarray(array, dtype=">" + kind).tobytes()


def small_mnist():
    """The four arrays of an MNIST with 12 and 5 samples, by file name."""
    rng = np.random.default_rng(3)
    sizes = {IMAGES: (12, 28, 28), LABELS: (12,), TEST_IMAGES: (5, 28, 28), TEST_LABELS: (5,)}
    return {
        name: rng.integers(0, 256 if len(shape) == 3 else 10, shape)
        for name, shape in sizes.items()
    }


def write_mnist(folder, spell=lambda i, name: (name, False), replaced=None):
    for i, (name, array) in enumerate(small_mnist().items()):
        spelt, packed = spell(i, name)
        content = (replaced or {}).get(name, idx_bytes(array))
        (folder / spelt).write_bytes(gzip.compress(content) if packed else content)


# --- the line, the sine, the sinc


def test_line_is_the_blogs_listing_to_the_last_bit():
    saved = np.random.get_state()
    try:
        np.random.seed(42)
        X = np.random.rand(100, 1).astype(np.float32)
        Y = 3 * X + 1 + 0.1 * np.random.randn(100, 1).astype(np.float32)
    finally:
        np.random.set_state(saved)
    ours = line()
    assert X.dtype == Y.dtype == np.float32
    assert np.array_equal(ours[0], X) and np.array_equal(ours[1], Y)


@pytest.mark.parametrize("make", [line, lambda: sine(noise=0.3), lambda: split(*sine())[0]])
def test_numpys_global_random_state_is_neither_read_nor_changed(make):
    saved = np.random.get_state()
    try:
        np.random.seed(1)
        before, first = np.random.get_state(), make()
        after = np.random.get_state()
        np.random.seed(2)
        second = make()
    finally:
        np.random.set_state(saved)
    assert np.array_equal(before[1], after[1]) and before[2:] == after[2:]
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_line_has_the_slope_and_spread_it_names():
    X, Y = line(n=20_000, seed=7)
    (slope, offset), (squares,), *_ = np.linalg.lstsq(np.c_[X, np.ones_like(X)], Y[:, 0])
    assert abs(slope - 3) < 0.02 and abs(offset - 1) < 0.02
    assert abs(math.sqrt(squares / len(X)) - 0.1) < 0.005
    assert 0 <= X.min() < 0.01 and 0.99 < X.max() < 1


def test_sine_without_noise_is_one_period_and_the_prototypes_task():
    X, Y = sine()
    assert np.array_equal(X, np.linspace(-np.pi, np.pi, 40)[:, None])
    assert np.array_equal(Y, np.sin(X))


def test_sines_noise_has_the_standard_deviation_that_was_asked_for():
    X, Y = sine(n=20_000, noise=0.25, seed=5)
    error = Y - np.sin(X)
    assert abs(error.std() - 0.25) < 0.01 and abs(error.mean()) < 0.01


def test_a_seed_fixes_the_noise_and_another_one_changes_it():
    assert np.array_equal(sine(noise=1, seed=4)[1], sine(noise=1, seed=4)[1])
    assert not np.array_equal(sine(noise=1, seed=4)[1], sine(noise=1, seed=5)[1])
    assert not np.array_equal(line(seed=1)[0], line(seed=2)[0])


def test_sinc_is_sin_5x_over_5x_in_both_inputs_on_the_grid():
    X, Y = sinc()
    ticks = np.linspace(-1, 1, 17)
    assert np.array_equal(X, [(x1, x2) for x2 in ticks for x1 in ticks])
    ratio = [math.prod(1 if x == 0 else math.sin(5 * x) / (5 * x) for x in row) for row in X]
    assert np.allclose(Y[:, 0], ratio, rtol=0, atol=1e-15)
    assert Y[8 * 17 + 8] == 1  # the top of the hill, where 0/0 would be


@pytest.mark.parametrize(
    "make, n_inputs, n_samples",
    [
        (line, 1, 100),
        (sine, 1, 40),
        (sinc, 2, 289),
        (lambda: line(np.int8(3)), 1, 3),
        (lambda: sine(1), 1, 1),
        (lambda: sinc(2), 2, 4),
        (lambda: sine(5, np.float32(0.5)), 1, 5),
        (lambda: sine(5, noise=2), 1, 5),
        (lambda: sine(5, Fraction(1, 2)), 1, 5),
        (lambda: split(np.eye(4, 3, dtype=int), np.ones((4, 1), "f4"))[0], 3, 3),
    ],
)
def test_shapes_and_types(make, n_inputs, n_samples):
    X, Y = make()
    assert X.shape == (n_samples, n_inputs) and Y.shape == (n_samples, 1)
    assert X.dtype == Y.dtype == np.float64


@pytest.mark.parametrize("make", [line, sine, sinc, digits])
def test_every_call_makes_new_writable_arrays(make):
    first, second = make(), make()
    expected = [array.copy() for array in second]
    for array in first:
        array[...] = 7
    assert all(np.array_equal(array, want) for array, want in zip(second, expected, strict=True))


# --- digits


def test_digits_are_the_1797_of_the_dataset_in_its_order():
    from sklearn.datasets import load_digits

    raw, ours = load_digits(), digits()
    assert (
        ours.X.shape == (1797, 64)
        and ours.Y.shape == (1797, 10)
        and ours.images.shape == (1797, 8, 8)
    )
    assert np.array_equal(ours.X * 16, raw.data) and np.array_equal(ours.labels, raw.target)
    assert np.bincount(ours.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert ours.X.min() == 0 and ours.X.max() == 1 and ours.X.dtype == ours.Y.dtype == np.float64


@pytest.mark.parametrize("size", [8, 28])
def test_targets_are_one_hot_and_images_are_the_rows_of_X(size):
    X, Y, labels, images = digits(size)
    assert np.array_equal(Y.sum(axis=1), np.ones(1797)) and np.array_equal(Y.argmax(axis=1), labels)
    assert set(np.unique(Y)) == {0, 1}
    assert images.shape == (1797, size, size) and np.array_equal(images[5].ravel(), X[5])


@pytest.mark.parametrize("size", [11, 28, 43])  # at 43 the interpolation rounds to 1 + 2e-16
def test_enlarged_digits_are_bilinear_between_the_corners(size):
    small, large = digits(), digits(size)
    assert large.X.shape == (1797, size**2) and np.array_equal(large.labels, small.labels)
    assert large.X.min() >= 0 and large.X.max() <= 1
    at, given = np.linspace(0, 7, size), np.arange(8)
    for i in (0, 17, 1796):
        rows = np.array([np.interp(at, given, row) for row in small.images[i]])
        both = np.array([np.interp(at, given, column) for column in rows.T]).T
        assert np.allclose(large.images[i], both, rtol=0, atol=1e-12)


# --- split and standardize


def numbered(n):
    X = np.arange(2.0 * n).reshape(n, 2)
    return X, -X[:, :1]


@pytest.mark.parametrize(
    "n, fraction, n_train",
    [(40, 0.75, 30), (10, 0.29, 3), (100, 0.29, 29), (2, 0.5, 1), (7, 0.9, 6), (1000, 0.7, 700)],
)
def test_split_parts_are_disjoint_complete_ordered_and_keep_pairs(n, fraction, n_train):
    X, Y = numbered(n)
    train, validation = split(X, Y, fraction, seed=3)
    assert len(train[0]) == n_train and len(validation[0]) == n - n_train
    assert sorted([*train[0][:, 0], *validation[0][:, 0]]) == X[:, 0].tolist()
    for part_X, part_Y in (train, validation):
        assert np.array_equal(part_Y, -part_X[:, :1])
        assert (np.diff(part_X[:, 0]) > 0).all()


def test_split_repeats_with_its_seed_and_differs_with_another():
    X, Y = numbered(50)
    first, again, other = (split(X, Y, seed=seed)[0][0] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_split_draws_every_sample_about_equally_often():
    X, Y = numbered(10)
    drawn = np.zeros(10)
    for seed in range(1000):
        drawn[(split(X, Y, 0.3, seed)[0][0][:, 0] / 2).astype(int)] += 1
    assert drawn.sum() == 3000 and (abs(drawn - 300) < 75).all()  # 5 standard deviations


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.73])
def test_stratified_parts_hold_each_class_in_its_share(seed, fraction):
    classes = np.repeat([3, 1, 9, 4], [60, 7, 200, 33])
    classes = classes[np.random.default_rng(seed).permutation(300)]
    train, validation = split(classes[:, None], classes[:, None], fraction, seed, stratify=classes)
    assert len(train[0]) == round(300 * fraction) and len(validation[0]) == 300 - len(train[0])
    for label in (3, 1, 9, 4):
        assert abs((train[0] == label).sum() - fraction * (classes == label).sum()) < 1


def test_stratifying_changes_which_samples_come_and_takes_strings():
    X, Y = numbered(40)
    labels = np.array(["a", "b"] * 20)
    train, _ = split(X, Y, 0.5, seed=0, stratify=labels)
    assert sorted(labels[(train[0][:, 0] / 2).astype(int)]) == ["a"] * 10 + ["b"] * 10
    assert np.array_equal(train[0], split(X, Y, 0.5, seed=0, stratify=labels.tolist())[0][0])
    assert not np.array_equal(train[0], split(X, Y, 0.5, seed=0)[0][0])


def test_split_takes_lists_and_never_shares_or_writes_the_callers_memory():
    X, Y = numbered(9)
    kept = X.copy(), Y.copy()
    X.flags.writeable = Y.flags.writeable = False
    parts = split(X, Y)
    for array in (*parts[0], *parts[1]):
        assert not np.shares_memory(array, X) and not np.shares_memory(array, Y)
        array[...] = 99
    assert np.array_equal(X, kept[0]) and np.array_equal(Y, kept[1])
    assert np.array_equal(split(X.tolist(), Y.tolist())[0][0], split(X, Y)[0][0])


def test_standardize_uses_one_mean_and_one_deviation_of_the_training_part():
    train, other = np.array([[0.0, 2], [4, 10]]), np.array([[4.0, 5, 6]])
    scaled, alike = standardize(train, other)
    assert np.array_equal(scaled, (train - 4) / math.sqrt(14))
    assert np.array_equal(alike, (other - 4) / math.sqrt(14))
    assert abs(scaled.mean()) < 1e-15 and abs(scaled.std() - 1) < 1e-15
    assert train.tolist() == [[0, 2], [4, 10]] and other.tolist() == [[4, 5, 6]]
    assert isinstance(standardize(train), tuple) and len(standardize(train, other, other)) == 3


def test_standardized_integers_are_floats():
    (scaled,) = standardize(np.array([[1, 3]], dtype=np.uint8))
    assert scaled.tolist() == [[-1.0, 1.0]] and scaled.dtype == np.float64


# --- IDX files


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", CODES)
def test_read_idx_gives_back_every_type_and_several_shapes(tmp_path, kind, packed):
    for shape in ((5,), (1, 1), (3, 4), (2, 3, 4, 5)):
        array = np.random.default_rng(0).uniform(0, 120, shape).astype(kind)
        array.flat[0] = 1  # tells the byte orders apart
        content = idx_bytes(array, kind)
        path = tmp_path / "data.bin"  # no .gz in the name: the first bytes decide
        path.write_bytes(gzip.compress(content) if packed else content)
        for asked in (path, str(path)):
            ours = read_idx(asked)
            assert ours.dtype == np.dtype(kind) and ours.dtype.isnative and ours.flags.writeable
            assert np.array_equal(ours, array) and ours.shape == shape


def test_a_gz_name_on_a_plain_file_does_not_matter(tmp_path):
    path = tmp_path / "data.gz"
    path.write_bytes(idx_bytes(np.array([7, 8, 9])))
    assert read_idx(path).tolist() == [7, 8, 9]


WHOLE = idx_bytes(
    np.arange(60).reshape(3, 4, 5)
)  # 4 bytes of magic number, 12 of sizes, 60 of elements


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "starts with nothing, expected an IDX magic number"),
        (WHOLE[:3], "starts with 00 00 08, expected an IDX magic number"),
        (WHOLE[:4], "expected 3 of 4 bytes"),
        (WHOLE[:14], "expected 3 of 4 bytes"),
        (WHOLE[:16], r"16 bytes, expected 76 for uint8 \(3, 4, 5\)"),
        (WHOLE[:75], "75 bytes, expected 76"),
        (WHOLE + b"\0", "77 bytes or more, expected 76"),
        (WHOLE + WHOLE, "77 bytes or more, expected 76"),
        (b"\1" + WHOLE[1:], "starts with 01 00 08 03, expected an IDX magic number: 00 00"),
        (b"\0\1" + WHOLE[2:], "starts with 00 01 08 03"),
        (b"\0\0\x0a" + WHOLE[3:], "type 08 09 0b 0c 0d 0e"),
        (b"\0\0\x08\0" + WHOLE[4:], "1 to 32 dimensions"),
        (b"\0\0\x08\x21" + b"\0\0\0\1" * 33 + b"x", "1 to 32 dimensions"),
        (b"<html>404 Not Found</html>", "starts with 3c 68 74 6d"),
        (b"\0\0\x08\2" + b"\0" * 8, "none of them 0"),
        (
            b"\0\0\x0e\3" + b"\xff" * 12 + b"few",
            r"a header for float64 \(42.*, expected at most 1073741824 bytes",
        ),
        (b"\0\0\x0e\x20" + b"\xff" * 128, r"a header for float64 \(42.*, expected at most"),
        (
            WHOLE[:3] + b"\x20" + b"\xff" * 128,
            r"a header for uint8 \(4294967295, .*, expected at most",
        ),
    ],
)
def test_read_idx_refuses_what_is_not_exactly_an_idx_file(tmp_path, content, message, packed):
    path = tmp_path / "broken"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_read_idx_refuses_a_gzip_file_cut_or_changed_anywhere(tmp_path):
    content, path = gzip.compress(WHOLE, mtime=0), tmp_path / "broken.gz"
    for cut in range(2, len(content)):
        path.write_bytes(content[:cut])
        with pytest.raises(ValueError, match="damaged gzip"):
            read_idx(path)
    for i in range(10, len(content)):  # after gzip's own header, whose time stamp means nothing
        path.write_bytes(content[:i] + bytes([content[i] ^ 0x55]) + content[i + 1 :])
        with pytest.raises(ValueError, match="broken.gz"):
            read_idx(path)
    path.write_bytes(content + b"more")
    with pytest.raises(ValueError, match="damaged gzip"):
        read_idx(path)


GIGABYTES = 4  # that a bomb of 4 MB unpacks to


@pytest.fixture(scope="module")
def bomb():
    """Zeros without end, packed a thousand times smaller: (a function of a header) → gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)  # stands for itself

    def build(header):
        packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        start = packed.compress(header) + packed.flush(zlib.Z_FULL_FLUSH)
        zeros = block * (GIGABYTES * 2**30 // 2**24)
        return gzip.compress(b"", mtime=0)[:10] + start + zeros + packed.flush() + bytes(8)

    return build


@pytest.mark.parametrize(
    "header, message",
    [
        (WHOLE[:16], "77 bytes or more, expected 76"),
        (WHOLE[:4] + b"\xff" * 12, r"a header for uint8 \(42.*, expected at most 1073741824"),
        (
            b"\0\0\x08\1\x40\0\0\1",
            r"a header for uint8 \(1073741825,\), expected at most 1073741824",
        ),
        (b"<html>", "expected an IDX magic number"),
    ],
)
def test_a_gzip_bomb_is_not_unpacked(tmp_path, bomb, header, message):
    path = tmp_path / "bomb.gz"
    path.write_bytes(bomb(header))
    assert path.stat().st_size < 5e6
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


def test_a_header_alone_takes_no_memory(tmp_path):
    path = tmp_path / "header"
    path.write_bytes(b"\0\0\x08\1\x3f\xff\xff\xff" + b"few")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="11 bytes, expected 1073741831 for uint8"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


def test_what_is_read_is_the_readers_own(tmp_path):
    path = tmp_path / "own"
    path.write_bytes(WHOLE)
    array = read_idx(path)
    array[:] = 1
    assert array.flags.writeable and read_idx(path)[0, 0, 1] == 1 == read_idx(path).ravel()[1]
    assert read_idx(path).ravel()[2] == 2


def test_read_idx_names_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file, expected an IDX file") as caught:
            read_idx(path)
        assert str(path) in str(caught.value)


# --- MNIST

SPELLINGS = {
    "plain": lambda i, name: (name, False),
    "gzip": lambda i, name: (name + ".gz", True),
    "dot": lambda i, name: (name.replace("-idx", ".idx"), False),
    "dot, gzip": lambda i, name: (name.replace("-idx", ".idx") + ".gz", True),
    "mixed": lambda i, name: SPELLINGS[("dot", "gzip", "plain", "dot, gzip")[i]](i, name),
    "unpacked by the browser": lambda i, name: (name + ".gz", False),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_mnist_reads_a_folder_in_every_spelling(tmp_path, spelling):
    write_mnist(tmp_path, SPELLINGS[spelling])
    raw = small_mnist()
    for ours, images, labels in zip(
        mnist(tmp_path),
        (raw[IMAGES], raw[TEST_IMAGES]),
        (raw[LABELS], raw[TEST_LABELS]),
        strict=True,
    ):
        assert np.array_equal(ours.images, images / 255) and np.array_equal(ours.labels, labels)
        assert np.array_equal(ours.X, images.reshape(-1, 784) / 255) and ours.X.dtype == np.float64
        assert np.array_equal(ours.Y, [[float(k == label) for k in range(10)] for label in labels])


def test_mnist_passes_over_a_folder_that_has_a_files_name(tmp_path):
    write_mnist(tmp_path, SPELLINGS["dot"])
    (tmp_path / IMAGES).mkdir()  # as some archives unpack
    assert mnist(str(tmp_path))[0].X.shape == (12, 784)


@pytest.mark.parametrize("name", [IMAGES, LABELS, TEST_IMAGES, TEST_LABELS])
def test_mnist_names_the_missing_file_and_the_four_it_wants(tmp_path, name):
    write_mnist(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no {name} or {name}.gz or ") as caught:
        mnist(tmp_path)
    for wanted in (IMAGES, LABELS, TEST_IMAGES, TEST_LABELS, str(tmp_path)):
        assert wanted in str(caught.value)


def test_mnist_says_so_when_the_folder_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        mnist(tmp_path / "absent")


@pytest.mark.parametrize(
    "replaced, message",
    [
        ({LABELS: idx_bytes(np.arange(9))}, f"{LABELS}: 9 labels, expected 12"),
        ({TEST_LABELS: idx_bytes(np.arange(6))}, f"{TEST_LABELS}: 6 labels, expected 5"),
        ({LABELS: idx_bytes(np.full(12, 10))}, f"{LABELS}: label 10, expected 0 to 9"),
        ({LABELS: idx_bytes(np.zeros((12, 1)))}, f"{LABELS}: uint8 .12, 1., expected uint8"),
        ({LABELS: idx_bytes(np.zeros(12), "i4")}, f"{LABELS}: int32 .12,., expected uint8"),
        (
            {IMAGES: idx_bytes(np.zeros((12, 28, 27)))},
            f"{IMAGES}: uint8 .12, 28, 27., expected uint8",
        ),
        ({IMAGES: idx_bytes(np.zeros((12, 784)))}, f"{IMAGES}: uint8 .12, 784., expected uint8"),
        ({TEST_IMAGES: idx_bytes(np.zeros((5, 28, 28)), "f4")}, f"{TEST_IMAGES}: float32"),
        (
            {TEST_IMAGES: idx_bytes(np.zeros((5, 28, 28)))[:-100]},
            f"{TEST_IMAGES}: 3836 bytes, expected 3936",
        ),
    ],
)
def test_mnist_refuses_files_that_are_not_mnists(tmp_path, replaced, message):
    write_mnist(tmp_path, replaced=replaced)
    with pytest.raises(ValueError, match=message):
        mnist(tmp_path)


def test_mnist_from_openml_is_cut_into_60000_and_10000(monkeypatch):
    target = (
        (np.arange(70_000) * 7 % 10).astype(str).astype(object)
    )  # strings, as OpenML gives them
    data = np.broadcast_to(np.arange(784) % 256, (70_000, 784))
    asked = {}

    def fetch(name, **options):
        asked.update(options, name=name)
        return SimpleNamespace(data=data, target=target)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    train, test = mnist()
    assert asked == {"name": "mnist_784", "version": 1, "as_frame": False, "parser": "liac-arff"}
    assert train.X.shape == (60_000, 784) and test.images.shape == (10_000, 28, 28)
    assert np.array_equal(test.X[-1], np.arange(784) % 256 / 255) and train.X.max() == 1
    assert np.array_equal(train.labels, np.arange(60_000) * 7 % 10) and train.Y.shape == (
        60_000,
        10,
    )
    assert np.array_equal(test.labels, np.arange(60_000, 70_000) * 7 % 10)
    assert np.array_equal(test.Y.argmax(axis=1), test.labels)


@pytest.mark.parametrize(
    "cause", [URLError("no route"), ConnectionResetError("closed"), EOFError("cut")]
)
def test_mnist_without_a_network_says_what_to_do(monkeypatch, cause):
    def fetch(*_, **__):
        raise cause

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(OSError, match=r"no MNIST from openml.org .*mnist\(folder\)") as caught:
        mnist()
    assert caught.value.__cause__ is cause and str(cause) in str(caught.value)
    assert all(name in str(caught.value) for name in (IMAGES, LABELS, TEST_IMAGES, TEST_LABELS))


def test_ctrl_c_passes_through_a_download(monkeypatch):
    def fetch(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(KeyboardInterrupt):
        mnist()


def test_mnist_refuses_another_dataset_from_openml(monkeypatch):
    other = SimpleNamespace(data=np.zeros((150, 4)), target=np.zeros(150))
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: other)
    with pytest.raises(ValueError, match=r"openml.org gave \(150, 4\), expected \(70000, 784\)"):
        mnist()


# --- the door

X4, Y4 = numbered(4)
NOT_A_NUMBER = [
    ("3", "'3'"),
    (None, "None"),
    (True, "True"),
    (1j, "1j"),
    ([3], r"\[3\]"),
    (np.True_, "True"),
]
WHOLE_NUMBERS = [
    (line, "n", 1),
    (sine, "n", 1),
    (sinc, "n", 1),
    (digits, "size", 8),
    (line, "seed", 0),
    (sine, "seed", 0),
    (lambda **seed: split(X4, Y4, **seed), "seed", 0),
]


@pytest.mark.parametrize("function, name, least", WHOLE_NUMBERS)
def test_whole_numbers_at_the_door(function, name, least):
    for value, shown in [*NOT_A_NUMBER, (3.0, "3.0"), (math.nan, "nan"), (np.float64(9), "9.0")]:
        with pytest.raises(TypeError, match=f"{name} = .*{shown}.*: expected an integer ≥ {least}"):
            function(**{name: value})
    for value in (least - 1, -(10**30)):
        with pytest.raises(ValueError, match=f"{name} = {value}: expected an integer ≥ {least}"):
            function(**{name: value})


@pytest.mark.parametrize("function", [f for f, name, _ in WHOLE_NUMBERS if name == "seed"])
def test_seeds_have_an_upper_end(function):
    function(seed=2**32 - 1)
    with pytest.raises(
        ValueError, match="seed = 4294967296: expected an integer ≥ 0 and ≤ 4294967295"
    ):
        function(seed=2**32)


@pytest.mark.parametrize(
    "function, name", [(sine, "noise"), (lambda **f: split(X4, Y4, **f), "fraction")]
)
def test_real_numbers_at_the_door(function, name):
    for value, shown in NOT_A_NUMBER:
        with pytest.raises(TypeError, match=f"{name} = .*{shown}.*: expected a finite number ≥ 0"):
            function(**{name: value})
    for value in (-0.1, math.nan, math.inf, -math.inf, np.float64("nan")):
        with pytest.raises(ValueError, match=f"{name} = .*: expected a finite number ≥ 0"):
            function(**{name: value})


@pytest.mark.parametrize("fraction", [0, 1, 0.0, 1.0, 0.1, 0.9, 1e-300])
def test_a_part_without_samples_is_refused(fraction):
    with pytest.raises(
        ValueError, match=f"fraction = {fraction} of 4 samples: expected one or more"
    ):
        split(X4, Y4, fraction)


@pytest.mark.parametrize(
    "value, error, message",
    [
        (np.zeros(4), ValueError, r"has shape \(4,\): expected 2-D"),
        (np.zeros((4, 1, 1)), ValueError, r"has shape \(4, 1, 1\): expected 2-D"),
        (np.zeros((0, 2)), ValueError, r"has shape \(0, 2\): expected 2-D and not empty"),
        (np.zeros((4, 0)), ValueError, r"has shape \(4, 0\): expected 2-D and not empty"),
        (5.0, ValueError, r"has shape \(\): expected 2-D"),
        ([[1, 2], [3]], ValueError, "is no array .*: expected rows of equal length"),
        (
            [[1.0], [math.nan], [2], [3]],
            ValueError,
            "has NaN or infinite values: expected finite ones",
        ),
        (
            [[1.0], [math.inf], [2], [3]],
            ValueError,
            "has NaN or infinite values: expected finite ones",
        ),
        ([["1"], ["2"], ["3"], ["4"]], TypeError, "has dtype <U1: expected real numbers"),
        (np.zeros((4, 1), complex), TypeError, "has dtype complex128: expected real numbers"),
        (np.zeros((4, 1), bool), TypeError, "has dtype bool: expected real numbers"),
        (np.zeros((4, 1), object), TypeError, "has dtype object: expected real numbers"),
        (None, TypeError, "has dtype object: expected real numbers"),
    ],
)
def test_tables_at_the_door(value, error, message):
    calls = {
        "X": lambda: split(value, Y4),
        "Y": lambda: split(X4, value),
        "train": lambda: standardize(value),
        "others": lambda: standardize(X4, X4, value),
    }
    for name, call in calls.items():
        with pytest.raises(error, match=f"{name} {message}"):
            call()


def test_split_refuses_lengths_that_differ():
    with pytest.raises(ValueError, match="Y has 3 rows: expected 4, as X has"):
        split(X4, Y4[:3])


@pytest.mark.parametrize(
    "stratify, message",
    [
        ([0, 1, 0], r"stratify is int\d+ \(3,\): expected integers or strings of shape \(4,\)"),
        (
            np.zeros((4, 1), int),
            r"stratify is int\d+ \(4, 1\): expected integers or strings of shape \(4,\)",
        ),
        ([0.0, 1.0, 0.0, 1.0], "stratify is float64 .*: expected integers or strings"),
        ([False, True] * 2, "stratify is bool .*: expected integers or strings"),
        (3, r"stratify is int\d+ \(\): expected integers or strings of shape \(4,\)"),
        ([[0], [1, 2]] * 2, "stratify is no array .*: expected rows of equal length"),
    ],
)
def test_split_refuses_labels_that_are_not_one_for_each_sample(stratify, message):
    with pytest.raises(ValueError, match=message):
        split(X4, Y4, stratify=stratify)


@pytest.mark.parametrize("level", [0.0, 0.1, 3.0])
def test_standardize_refuses_a_constant_training_part(level):
    with pytest.raises(ValueError, match=f"train is {level} everywhere: expected at least two"):
        standardize(np.full((10, 3), level), X4)


@pytest.mark.parametrize("value", [3, b"bytes", True, ["a"], np.zeros(3)])
def test_paths_at_the_door(value):
    for name, function in (("path", read_idx), ("folder", mnist)):
        with pytest.raises(TypeError, match=f"{name} = .*: expected a str or Path"):
            function(value)
    with pytest.raises(TypeError, match="path = None: expected a str or Path"):
        read_idx(None)


# --- the house


def test_the_file_alone_loads_neither_the_package_nor_scipy_nor_scikit_learn():
    script = f"""import runpy, sys
runpy.run_path({datasets.__file__!r})
loaded = {{name.split(".")[0] for name in sys.modules}}
heavy = loaded & {{"lmteach", "sklearn", "scipy", "matplotlib"}}
sys.exit(f"loaded {{heavy}}" if heavy else 0)"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
