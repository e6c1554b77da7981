"""A data set that this process puts into memory and another one maps."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mnist_sweep.tasks.image_classifier.data import attach, attached_groups, load, shared, validated_groups

FAR = """
import json, sys
from mnist_sweep.tasks.image_classifier.data import attach
dataset = attach(json.loads(sys.argv[1]))
dataset.train_images[0] = 0.5  # stays in this process
parts = dataset.train_images[1:], dataset.validation_images, dataset.train_labels
print(json.dumps([float(part.sum()) for part in parts]))
"""


def test_another_process_sees_the_same_numbers_and_can_not_change_them(tmp_path, arrays, make_config):
    np.savez(tmp_path / "a.npz", **arrays)
    config = make_config(tmp_path / "a.npz")
    own = load(config)
    with shared(config, {}) as plain:
        done = subprocess.run(
            [sys.executable, "-c", FAR, json.dumps(plain)], capture_output=True, text=True, check=True, timeout=60
        )
        here = attach(plain)
    expected = [own.train_images[1:].sum(), own.validation_images.sum(), own.train_labels.sum()]
    assert json.loads(done.stdout) == expected
    for name in ("train_images", "train_labels", "validation_images", "validation_labels"):
        array = getattr(here, name)
        np.testing.assert_array_equal(array, getattr(own, name))
        assert array.dtype == getattr(own, name).dtype
        assert array.ctypes.data % 64 == 0  # as TensorFlow takes it without a copy


def test_images_in_another_order_in_memory_are_taken(tmp_path, arrays, make_config):
    np.savez(tmp_path / "a.npz", **{name: np.asfortranarray(array) for name, array in arrays.items()})
    config = make_config(tmp_path / "a.npz")
    with shared(config, {}) as plain:
        np.testing.assert_array_equal(attach(plain).train_images, load(config).train_images)


def test_where_it_can_not_be_had_there_is_none(tmp_path, arrays, make_config):
    np.savez(tmp_path / "a.npz", **arrays)
    with shared(make_config(tmp_path / "a.npz"), {}) as plain:
        pass
    assert attach(plain) is None  # its process has closed it
    assert attach(None) is None


def test_without_a_seed_the_last_images_are_the_validation_set(tmp_path, arrays, make_config):
    np.savez(tmp_path / "a.npz", **arrays)
    dataset = load(make_config(tmp_path / "a.npz", split_seed=None))
    np.testing.assert_array_equal(dataset.validation_labels, arrays["y_train"][-15:])
    np.testing.assert_array_equal(dataset.train_labels, arrays["y_train"][:-15])


@pytest.mark.parametrize("kind", [np.int64, "U7"])
def test_what_is_known_of_the_validation_images_comes_along(tmp_path, arrays, make_config, kind):
    np.savez(tmp_path / "a.npz", **arrays)
    writers = (np.arange(60) % 12).astype(kind)
    np.savez(tmp_path / "groups.npz", train_writers=writers, train_series=np.arange(60) % 2)
    config = make_config(tmp_path / "a.npz")
    config = replace(config, split=replace(config.split, groups=str(tmp_path / "groups.npz")))
    own = validated_groups(config)
    with shared(config, {}) as plain:
        (tmp_path / "groups.npz").unlink()  # a node that does not have it
        found = attached_groups(json.loads(json.dumps(plain)))
        assert attach(plain) is not None
    np.testing.assert_array_equal(found.group.values, own.group.values)
    assert (found.group.name, found.group.digest) == (own.group.name, own.group.digest)
    assert [(one.name, one.values.tolist()) for one in found.slices] == [
        (one.name, one.values.tolist()) for one in own.slices
    ]


def test_without_groups_nothing_is_known(tmp_path, arrays, make_config):
    np.savez(tmp_path / "a.npz", **arrays)
    with shared(make_config(tmp_path / "a.npz"), {}) as plain:
        assert attached_groups(plain) is None
