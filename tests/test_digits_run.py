"""Real MNIST goes the way of the shipped digits: from IDX files to lesson 11's training step."""

import numpy as np
from test_datasets import IMAGES, LABELS, TEST_IMAGES, TEST_LABELS, idx_bytes

from lmteach import Input, Linear, NetworkFit, Nielsen, Relu, levenberg_marquardt
from lmteach.datasets import mnist, standardize

N, N_TEST, EPOCHS = 128, 48, 2
SEED = 11


def strokes(rng, n):
    """n images, (n, 28, 28) bytes, and labels: a bar whose height tells the label, in noise."""
    labels = rng.integers(0, 10, n)
    images = rng.integers(0, 60, (n, 28, 28))
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 4 : 2 * label + 6, 4:24] = 255
    return images, labels


def test_batches_from_idx_files_are_trained_by_lm(tmp_path):
    rng = np.random.default_rng(SEED)
    (images, labels), (test_images, test_labels) = strokes(rng, N), strokes(rng, N_TEST)
    files = {IMAGES: images, LABELS: labels, TEST_IMAGES: test_images, TEST_LABELS: test_labels}
    for name, array in files.items():
        (tmp_path / name).write_bytes(idx_bytes(array))
    train, test = mnist(tmp_path)
    X, X_test = standardize(train.X, test.X)
    network = (Input(784) >> Relu(128) >> Linear(10)).initialize(seed=0)
    whole, theta, mu, rule = (
        NetworkFit(network, X, train.Y),
        network.theta,
        30.0,
        Nielsen(mu_min=30.0),
    )
    assert whole.route == "samples"
    before = whole.loss(theta)
    for epoch in range(EPOCHS):
        for batch in whole.batches(32, seed=epoch):
            step = next(levenberg_marquardt(batch, theta, mu=mu, damping=rule))
            assert step.accepted and step.trial_loss < step.loss
            theta, mu, rule = step.next_theta, step.next_mu, step.next_damping
    right = network.forward(X_test, theta)[-1].argmax(axis=1) == test.labels
    assert whole.loss(theta) < before / 20
    assert right.mean() > 0.8, right.mean()
