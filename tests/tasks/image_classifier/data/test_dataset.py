import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from mnist_sweep.config import Component, DataConfig, Split, UserError
from mnist_sweep.tasks.image_classifier.data import describe, load, location, validated_groups
from mnist_sweep.tasks.image_classifier.data.archives import idx_digest

REAL = os.environ.get("MNIST_SWEEP_DATA")
CONF = Path(__file__).parents[4] / "conf" / "data"


@pytest.fixture
def save(tmp_path, arrays):
    """Writes the arrays, some of them changed, into an .npz."""

    def save(**changes):
        np.savez(tmp_path / "a.npz", **{**arrays, **changes})
        return tmp_path / "a.npz"

    return save


def _rows(images):
    return [image.tobytes() for image in images]


def test_pixels_are_scaled_to_float32_from_0_to_1(save, arrays, make_config):
    arrays["x_train"][:, 0, 0], arrays["x_train"][:, 0, 1] = 0, 255
    arrays["x_test"][:] = 51
    dataset = load(make_config(save(**arrays), validation="test"))
    assert dataset.train_images.shape == (60, 6, 5, 1)
    assert dataset.train_images.dtype == dataset.validation_images.dtype == np.float32
    assert (dataset.train_images.min(), dataset.train_images.max()) == (0, 1)
    np.testing.assert_array_equal(dataset.train_images[..., 0], (arrays["x_train"] / 255).astype(np.float32))
    assert (dataset.validation_images == np.float32(0.2)).all()
    assert dataset.train_labels.dtype == dataset.validation_labels.dtype == np.int32
    np.testing.assert_array_equal(dataset.validation_labels, arrays["y_test"])


def test_colour_images_keep_their_channels(save, make_config):
    random = np.random.default_rng(0)
    file = save(
        x_train=random.integers(0, 256, (60, 6, 5, 3), np.uint8),
        x_test=random.integers(0, 256, (12, 6, 5, 3), np.uint8),
    )
    assert load(make_config(file)).train_images.shape == (45, 6, 5, 3)
    assert describe(make_config(file)).image == (6, 5, 3)


@pytest.mark.parametrize("channels", [2, 5])
def test_images_of_any_number_of_channels_are_taken(save, make_config, channels):
    file = save(x_train=np.zeros((60, 6, 5, channels), np.uint8), x_test=np.zeros((12, 6, 5, channels), np.uint8))
    assert describe(make_config(file), all_parts=True).image == (6, 5, channels)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_stay_as_they_are(save, arrays, make_config, kind):
    given = (arrays["x_train"].astype(kind) - 100) / 7
    config = make_config(save(x_train=given, x_test=given[:12]), validation="test")
    dataset = load(config)
    assert dataset.train_images.dtype == np.float32
    np.testing.assert_array_equal(dataset.train_images[..., 0], given.astype(np.float32))
    assert describe(config).digests["train_images"] != describe(make_config(save())).digests["train_images"]


def test_labels_that_are_texts_are_mapped_and_recorded(save, arrays, make_config):
    texts = np.array(["cat", "dog", "eel"])
    numbers = describe(make_config(save(), validation="test"))
    config = make_config(save(y_train=texts[arrays["y_train"]], y_test=texts[arrays["y_test"]]), validation="test")
    found = describe(config)
    assert (found.classes, found.class_names) == (3, ["cat", "dog", "eel"])
    assert found.plain()["class_names"] == ["cat", "dog", "eel"]
    assert "class_names" not in numbers.plain()
    np.testing.assert_array_equal(load(config).train_labels, arrays["y_train"])
    np.testing.assert_array_equal(load(config).validation_labels, arrays["y_test"])


def test_the_split_is_stratified_disjoint_and_complete(save, arrays, make_config):
    dataset = load(make_config(save()))
    whole = {image.tobytes(): label for image, label in zip(arrays["x_train"], arrays["y_train"], strict=True)}
    pairs = [
        (np.round(image[..., 0] * 255).astype(np.uint8).tobytes(), label)
        for images, labels in (
            (dataset.train_images, dataset.train_labels),
            (dataset.validation_images, dataset.validation_labels),
        )
        for image, label in zip(images, labels, strict=True)
    ]
    assert len(pairs) == len(whole) == 60
    assert dict(pairs) == whole
    assert len(dataset.validation_labels) == 15
    quarter = np.bincount(arrays["y_train"]) / 4  # of 30, 18 and 12
    assert (abs(np.bincount(dataset.validation_labels) - quarter) < 1).all()


def test_the_split_depends_on_its_seed_and_on_nothing_else(save, make_config):
    file = save()
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    first = load(make_config(file))
    assert (np.random.get_state()[1] == state).all()
    np.random.seed(2)
    assert _rows(load(make_config(file)).validation_images) == _rows(first.validation_images)
    other = load(make_config(file, split_seed=1))
    assert set(_rows(other.validation_images)) != set(_rows(first.validation_images))


def test_the_same_arrays_in_another_form_give_the_same_split(tmp_path, save, arrays, write_idx, make_config):
    folder = write_idx(tmp_path / "idx", arrays)
    one, two = load(make_config(save())), load(make_config(folder))
    np.testing.assert_array_equal(one.train_images, two.train_images)
    np.testing.assert_array_equal(one.validation_labels, two.validation_labels)
    assert describe(make_config(save())).digests == describe(make_config(folder)).digests


@pytest.mark.parametrize("form", ["npz", "idx"])
def test_the_test_part_is_read_only_to_validate_with_it(tmp_path, save, arrays, write_idx, make_config, form):
    if form == "npz":
        place = save(x_test=np.array([object()], dtype=object), y_test=np.array([object()], dtype=object))
    else:
        place = write_idx(tmp_path / "idx", arrays)
        for file in place.glob("t10k-*"):
            file.write_bytes(b"no bytes of an IDX file")
    dataset = load(make_config(place))
    assert len(dataset.train_images) + len(dataset.validation_images) == 60
    assert set(describe(make_config(place)).digests) == {"train_images", "train_labels"}
    with pytest.raises(UserError, match="can't be read"):
        describe(make_config(place), all_parts=True)
    with pytest.raises(UserError, match="can't be read"):
        load(make_config(place, validation="test"))


def test_validating_with_the_test_part_takes_all_training_images(save, arrays, make_config):
    dataset = load(make_config(save(), validation="test", validation_size=59))
    np.testing.assert_array_equal(dataset.train_labels, arrays["y_train"])
    np.testing.assert_array_equal(dataset.validation_labels, arrays["y_test"])
    found = describe(make_config(save(), validation="test", validation_size=59))
    assert (found.train_images, found.validation_images) == (60, 12)


def test_the_description_is_of_the_arrays(save, arrays, make_config):
    found = describe(make_config(save()), all_parts=True)
    assert (found.image, found.classes, found.train_images, found.validation_images) == ((6, 5, 1), 3, 45, 15)
    assert found.digests == {
        "train_images": idx_digest(arrays["x_train"]),
        "train_labels": idx_digest(arrays["y_train"]),
        "test_images": idx_digest(arrays["x_test"]),
        "test_labels": idx_digest(arrays["y_test"]),
    }
    arrays["x_test"][0, 0, 0] ^= 1
    assert describe(make_config(save(**arrays)), all_parts=True).digest != found.digest


WRONG = {
    "flat images": ({"x_train": np.zeros((60, 30), np.uint8)}, "uint8"),
    "images in five dimensions": ({"x_train": np.zeros((60, 6, 5, 1, 1), np.uint8)}, "shape"),
    "a single number": ({"x_train": np.uint8(3)}, "shape"),
    "floats with NaN": ({"x_train": np.full((60, 6, 5), np.nan, np.float32)}, "finite numbers"),
    "pixels of two bytes": ({"x_train": np.zeros((60, 6, 5), np.uint16)}, "uint16"),
    "signed bytes": ({"x_train": np.zeros((60, 6, 5), np.int8)}, "int8"),
    "no images": ({"x_train": np.zeros((0, 6, 5), np.uint8), "y_train": np.zeros(0, np.uint8)}, "and some"),
    "images without pixels": ({"x_train": np.zeros((60, 0, 5), np.uint8)}, "and some"),
    "fewer labels": ({"y_train": np.zeros(59, np.uint8)}, "as many labels as images"),
    "one-hot labels": ({"y_train": np.eye(60, dtype=np.uint8)}, "integers"),
    "labels that are floats": ({"y_train": np.zeros(60)}, "integers"),
    "texts of one class": ({"y_train": np.array(["1"] * 60), "y_test": np.array(["1"] * 12)}, "two classes"),
    "labels of another kind": ({"y_train": np.repeat([-1, 1], 30)}, "the label '0', which the train part does"),
    "one class": ({"y_train": np.zeros(60, np.uint8), "y_test": np.zeros(12, np.uint8)}, "two classes"),
    "a class without a training image": ({"y_train": np.repeat([0, 2], 30)}, "the label '1', which the train part"),
    "a class of one image": ({"y_train": np.repeat([0, 1, 2], [29, 30, 1])}, "class 2 has 1"),
    "test images of another shape": ({"x_test": np.zeros((12, 5, 6), np.uint8)}, "must have the shape"),
    "test images in colour": ({"x_test": np.zeros((12, 6, 5, 3), np.uint8)}, "must have the shape"),
    "test labels of another class": ({"y_test": np.full(12, 3, np.uint8)}, "labels up to 3 and 2"),
    "test images that are floats": ({"x_test": np.zeros((12, 6, 5))}, "the test part must have images of type uint8"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG)
def test_wrong_arrays_are_one_line_and_stay_as_they_are(tmp_path, save, make_config, untouched, changes, said):
    config = make_config(save(**changes))
    with untouched(tmp_path), pytest.raises(UserError, match=said) as error:
        describe(config, all_parts=True)
    assert str(error.value).startswith("data=file: the ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("array", ["train_images", "train_labels", "test_images", "test_labels"])
def test_a_wrong_digest_is_one_line_and_the_file_stays(tmp_path, save, make_config, untouched, array):
    file = save()
    config = make_config(file, digests={**describe(make_config(file), all_parts=True).digests, array: "0" * 64})
    with untouched(tmp_path), pytest.raises(UserError, match=f"the {array.replace('_', ' ')} are not the right ones"):
        describe(config, all_parts=True)


def test_the_right_digests_are_accepted(save, make_config):
    digests = describe(make_config(save()), all_parts=True).digests
    assert describe(make_config(save(), digests=digests), all_parts=True).digests == digests


def test_a_trial_refuses_other_training_images_than_were_described(save, arrays, make_config):
    expected = describe(make_config(save()), all_parts=True).digests
    load(make_config(save()), expected)
    arrays["x_train"][0, 0, 0] ^= 1
    with pytest.raises(UserError, match="the train images are not the right ones"):
        load(make_config(save(**arrays)), expected)


def test_a_trial_refuses_other_test_images_than_were_described(save, arrays, make_config):
    expected = describe(make_config(save()), all_parts=True).digests
    arrays["x_test"][0, 0, 0] ^= 1
    with pytest.raises(UserError, match="the test images are not the right ones"):
        load(make_config(save(**arrays), validation="test"), expected)


@pytest.mark.parametrize("size", [1, 2, 58, 60, 1000])
def test_a_split_that_leaves_a_class_out_is_one_line(save, make_config, size):
    with pytest.raises(UserError, match=r"^data\.validation_size must be from 3 to 57 .* got "):
        describe(make_config(save(), validation_size=size))


@pytest.mark.parametrize("size", [3, 57])
def test_both_ends_of_the_split_work(save, make_config, size):
    dataset = load(make_config(save(), validation_size=size))
    assert len(dataset.validation_labels) == size


def test_only_a_data_set_in_a_file_has_a_location(save, make_config):
    assert location(make_config(save())) == save()
    digits = DataConfig(Component("mnist_sweep.data.digits", {}), Split("digits", "split", 360, 0))
    assert location(digits) is None


def test_digits_need_no_file(make_config):
    config = DataConfig(Component("mnist_sweep.data.digits", {}), Split("digits", "split", 360, 0))
    found = describe(config)
    assert (found.image, found.classes) == ((28, 28, 1), 10)
    assert (found.train_images, found.validation_images) == (1437 - 360, 360)


@pytest.fixture
def grouped(save, make_config, tmp_path):
    """60 images, of twelve writers in two series."""

    def make(**changes):
        file = tmp_path / "groups.npz"
        np.savez(file, train_writers=np.arange(60) % 12, train_series=np.arange(60) % 2)
        config = make_config(save(), **changes)
        return replace(config, split=replace(config.split, split="grouped", groups=str(file)))

    return make


def test_no_group_is_on_both_sides_of_a_grouped_split(grouped, arrays):
    config = grouped()
    writers = np.arange(60) % 12
    known, found = validated_groups(config), load(config)
    inside = np.isin(writers, known.group.values)
    np.testing.assert_array_equal(found.validation_labels, arrays["y_train"][inside])
    np.testing.assert_array_equal(found.train_labels, arrays["y_train"][~inside])
    assert known.group.values.tolist() == writers[inside].tolist()
    assert [column.name for column in known.slices] == ["series"]
    assert len(found.validation_labels) == 15
    assert set(found.validation_labels) == set(found.train_labels)


def test_other_groups_are_other_data(grouped, tmp_path):
    config = grouped()
    found = describe(config)
    assert (found.train_images, found.validation_images) == (45, 15)
    np.savez(tmp_path / "groups.npz", train_writers=np.arange(60) % 10)
    other = describe(config)
    assert found.digests["train_images"] == other.digests["train_images"]
    assert found.digests["train_groups"] != other.digests["train_groups"]


def test_too_few_groups_are_refused(grouped, tmp_path):
    config = grouped()
    np.savez(tmp_path / "groups.npz", train_writers=np.arange(60) % 3)
    with pytest.raises(
        UserError, match=r"data.groups must have 4 groups or more to validate with 15 of 60 images, got 3"
    ):
        load(config)


def test_groups_of_other_test_images_are_refused_before_anything_is_trained(grouped, tmp_path):
    config = grouped(validation="test")
    describe(config)  # none of the test part are no mistake
    np.savez(tmp_path / "groups.npz", train_writers=np.arange(60) % 12, test_writers=[1, 2])
    with pytest.raises(UserError, match=r"data.groups: writers of the test part must have .* for each of \d+ images"):
        describe(config)


@pytest.mark.skipif(REAL is None, reason="$MNIST_SWEEP_DATA is not set: no MNIST to compare with")
def test_mnist_is_the_one_of_the_configuration(monkeypatch):
    monkeypatch.setenv("MNIST_SWEEP_DATA", str(REAL))
    plain = yaml.safe_load((CONF / "mnist.yaml").read_text(encoding="utf-8"))
    arguments = {key: plain[key] for key in ("path", "digests", "urls")}
    split = Split("mnist", plain["validation"], plain["validation_size"], plain["split_seed"])
    found = describe(DataConfig(Component(plain["_target_"], arguments), split), all_parts=True)
    # SHA-256 of the four files of 1998, unpacked.
    assert found.digests == {
        "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
    assert found.digests == plain["digests"]
    assert (found.image, found.classes, found.train_images, found.validation_images) == ((28, 28, 1), 10, 50000, 10000)


def test_every_image_is_validated_with_in_one_fold(save, arrays, make_config):
    file, validated = save(), []
    for fold in range(5):
        config = make_config(file)
        dataset = load(replace(config, split=replace(config.split, validation="kfold", folds=5, fold=fold)))
        assert not set(_rows(dataset.train_images)) & set(_rows(dataset.validation_images))
        assert (abs(np.bincount(dataset.validation_labels) - np.bincount(arrays["y_train"]) / 5) < 1).all()
        validated += _rows(dataset.validation_images)
    assert len(validated) == len(set(validated)) == 60


def test_folds_of_groups_keep_them_together(grouped):
    config, writers = grouped(), []
    for fold in range(3):
        one = replace(config, split=replace(config.split, validation="kfold", folds=3, fold=fold))
        writers += validated_groups(one).group.values.tolist()
    assert sorted(writers) == sorted((np.arange(60) % 12).tolist())


def test_a_class_with_fewer_images_than_folds_is_told(save, make_config):
    config = make_config(save())
    with pytest.raises(UserError, match=r"data\.folds must be at most 12, the number of images of the rarest class"):
        load(replace(config, split=replace(config.split, validation="kfold", folds=13)))


def test_a_sorted_file_without_a_seed_leaves_no_class_out(save, make_config, arrays):
    order = np.argsort(arrays["y_train"], kind="stable")
    config = make_config(save(x_train=arrays["x_train"][order], y_train=arrays["y_train"][order]), split_seed=None)
    with pytest.raises(UserError, match=r"data.split_seed=null leaves no image of class \d+ to train on"):
        load(config)
