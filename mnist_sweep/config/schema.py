"""The parts of a trial's configuration as dataclasses with types and ranges."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, Strict, WrapValidator
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import shown
from mnist_sweep.config.errors import UserError

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)
LOOSE = ConfigDict(extra="ignore", allow_inf_nan=False)  # of files that have more than is read of them

Int = Annotated[int, Strict()]
Float = Annotated[float, Strict()]
Bool = Annotated[bool, Strict()]
Count = Annotated[Int, Field(ge=1)]
Fraction = Annotated[Float, Field(ge=0, lt=1)]
Positive = Annotated[Float, Field(gt=0)]


def _number_or_component(value: Any, check: Callable[[Any], Any]) -> Any:
    """A mapping with a `_target_`, such as a schedule, is checked where it is made."""
    return value if isinstance(value, Mapping) and "_target_" in value else check(value)


Rate = Annotated[Positive, WrapValidator(_number_or_component)]
NotNegative = Annotated[Float, Field(ge=0)]
Seed = Annotated[Int, Field(ge=0, lt=2**32)]
Padding = Literal["same", "valid"]
Shape = tuple[int, int, int]


@dataclass(frozen=True, config=CONFIG)
class Digests:
    """SHA-256 of the four arrays of a data set in IDX form, header included, as hexadecimal text."""

    train_images: str
    train_labels: str
    test_images: str
    test_labels: str


@dataclass(frozen=True, config=CONFIG)
class ArchiveArguments:
    """Where the images of `mnist_sweep.data.archive` come from and what they must be."""

    path: str | None
    digests: Digests | None
    urls: list[str]


Side = Annotated[Int, Field(ge=1, le=10_000)]


@dataclass(frozen=True, config=CONFIG)
class FolderArguments:
    """Pictures in class folders, resized to `size`, height and width."""

    path: str
    size: Annotated[list[Side], Field(min_length=2, max_length=2)]
    color: Literal["grayscale", "rgb"]


@dataclass(frozen=True, config=CONFIG)
class CsvArguments:
    """Images as rows of a table; `image` is height, width and maybe channels."""

    path: str
    test_path: str | None
    label: str
    image: Annotated[list[Side], Field(min_length=2, max_length=3)]


@dataclass(frozen=True, config=CONFIG)
class NoArguments:
    """Of a function that takes none."""


@dataclass(frozen=True, config=CONFIG)
class DnnArguments:
    """Dense layers; `dropout` after every hidden one."""

    units: Annotated[list[Count], Field(min_length=1, max_length=100)]
    dropout: Fraction


@dataclass(frozen=True, config=CONFIG)
class CnnArguments:
    """Two convolutions with max pooling; sizes in pixels, the same in both directions."""

    filters_1: Count
    kernel_size_1: Count
    strides_1: Count
    padding_1: Padding
    pool_size_1: Count
    filters_2: Count
    kernel_size_2: Count
    strides_2: Count
    padding_2: Padding
    pool_size_2: Count
    dropout: Fraction
    dense_units: Count


DEEPEST = 20


def _depths(value: Any) -> Any:
    numbers = value if isinstance(value, list) else [value]
    if not numbers or any(type(number) is not int or not 1 <= number <= DEEPEST for number in numbers):
        raise ValueError(f"must be a whole number from 1 to {DEEPEST}, or a list of them, got {shown(value)}")
    return value


@dataclass(frozen=True, config=CONFIG)
class BlocksArguments:
    """Blocks of convolutions; `rotation` in degrees, `translation` and `zoom` as shares of the image's side."""

    filters: Annotated[list[Count], Field(min_length=1, max_length=20)]
    convolutions: Annotated[int | list[int], BeforeValidator(_depths)]
    kernel_size: Count
    separable: Bool
    normalization: Bool
    residual: Bool
    pool_size: Count
    dense_units: Annotated[Int, Field(ge=0)]
    dropout: Fraction
    rotation: Annotated[Float, Field(ge=0, le=180)]
    translation: Annotated[Float, Field(ge=0, le=1)]
    zoom: Fraction
    shared: Bool = False


@dataclass(frozen=True, config=CONFIG)
class AdamArguments:
    """Kingma and Ba, 2014."""

    learning_rate: Rate
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive


@dataclass(frozen=True, config=CONFIG)
class AdamWArguments(AdamArguments):
    """Loshchilov and Hutter, 2017."""

    weight_decay: NotNegative


@dataclass(frozen=True, config=CONFIG)
class SgdArguments:
    """Gradient descent with momentum, Nesterov's if so wished."""

    learning_rate: Rate
    momentum: Annotated[Float, Field(ge=0, le=1)]
    nesterov: Bool


@dataclass(frozen=True, config=CONFIG)
class RmspropArguments:
    """Tieleman and Hinton, 2012."""

    learning_rate: Rate
    rho: Fraction
    momentum: Annotated[Float, Field(ge=0, le=1)]
    epsilon: Positive


@dataclass(frozen=True, config=CONFIG)
class TrainConfig:
    """How a network is trained; `early_stopping_patience` in epochs, null for none.

    `learning_rate_schedule` takes the optimizer's learning rate to 0 over `epochs` along half a cosine (Loshchilov and
    Hutter, 2016), at once or after a warm-up (`one_cycle`, after Smith and Topin, 2018), up and down in straight lines
    (`triangular`, after Smith, 2015), or leaves it. `label_smoothing` is the share of every label that is spread over
    all classes (Szegedy et al., 2015). `weight_average` is what an exponential average of the weights keeps of itself
    in each step (Polyak and Juditsky, 1992); the average is what is validated and kept. `loss` may also be
    a mapping that names a class of keras.losses. `initial_model` is the file of a model whose weights the training
    begins with, of the SHA-256 `initial_digest`.
    """

    epochs: Count
    batch_size: Count
    loss: Annotated[
        Literal["sparse_categorical_crossentropy", "categorical_crossentropy"], WrapValidator(_number_or_component)
    ]
    precision: Literal["float32", "mixed_bfloat16"]
    early_stopping_patience: Count | None
    # The defaults are what there was before there was a choice, so that earlier configurations go on.
    learning_rate_schedule: Literal["constant", "cosine", "one_cycle", "triangular"] = "constant"
    label_smoothing: Fraction = 0.0
    weight_average: Fraction = 0.0
    initial_model: str | None = None
    initial_digest: str | None = None


@dataclass(frozen=True, config=CONFIG)
class StudySeed:
    """The one key of `study` that a trial depends on."""

    seed: Seed


# What the functions of this package, and Keras's optimizers, take. A `_target_` that is not here is the user's own:
# its arguments are checked by the function itself.
ARGUMENTS: dict[str, dict[str, type[Any]]] = {
    "data": {
        "mnist_sweep.data.archive": ArchiveArguments,
        "mnist_sweep.data.digits": NoArguments,
        "mnist_sweep.data.folder": FolderArguments,
        "mnist_sweep.data.csv": CsvArguments,
    },
    "model": {
        "mnist_sweep.models.blocks": BlocksArguments,
        "mnist_sweep.models.cnn": CnnArguments,
        "mnist_sweep.models.dnn": DnnArguments,
    },
    "optimizer": {
        "keras.optimizers.Adam": AdamArguments,
        "keras.optimizers.AdamW": AdamWArguments,
        "keras.optimizers.SGD": SgdArguments,
        "keras.optimizers.RMSprop": RmspropArguments,
    },
}


def check_cnn_shape(arguments: dict[str, Any], image: Shape) -> None:
    """Raises UserError where a layer of `mnist_sweep.models.cnn` would be left without a pixel of the image."""
    height, width, _ = image
    for layer in ("1", "2"):
        kernel, strides = arguments[f"kernel_size_{layer}"], arguments[f"strides_{layer}"]
        pool, padding = arguments[f"pool_size_{layer}"], arguments[f"padding_{layer}"]
        smaller = min(height, width)
        if padding == "valid" and kernel > smaller:
            raise UserError(
                f"model.kernel_size_{layer} must be at most {smaller}, the size of its input, with "
                f"model.padding_{layer}=valid, got {kernel}"
            )
        if kernel > 2 * max(image[:2]):
            raise UserError(
                f"model.kernel_size_{layer} must be at most {2 * max(image[:2])}, twice the image, got {kernel}"
            )
        margin = kernel - 1 if padding == "valid" else 0
        height, width = ((side - margin - 1) // strides + 1 for side in (height, width))
        if pool > min(height, width):
            raise UserError(
                f"model.pool_size_{layer} must be at most {min(height, width)}, the size of its input, got {pool}"
            )
        height, width = height // pool, width // pool


def per_block(convolutions: int | list[int], filters: list[int]) -> list[int]:
    """Returns how many convolutions each block of `mnist_sweep.models.blocks` has."""
    return [convolutions] * len(filters) if isinstance(convolutions, int) else convolutions


def check_blocks_shape(arguments: dict[str, Any], image: Shape) -> None:
    """Raises UserError where a block of `mnist_sweep.models.blocks` has no depth, or is left without a pixel."""
    blocks, depths = len(arguments["filters"]), arguments["convolutions"]
    if len(per_block(depths, arguments["filters"])) != blocks:
        raise UserError(
            f"model.convolutions must be a number, or one for each of the {blocks} model.filters, got {depths}"
        )
    side, pool, kernel = min(image[:2]), arguments["pool_size"], arguments["kernel_size"]
    if kernel > 2 * max(image[:2]):
        raise UserError(f"model.kernel_size must be at most {2 * max(image[:2])}, twice the image, got {kernel}")
    for _ in arguments["filters"][1:]:
        if pool > side:
            raise UserError(
                f"model.pool_size must leave a pixel for each of the {blocks} blocks of "
                f"model.filters, of images of {min(image[:2])} pixels, got {pool}"
            )
        side //= pool


# The arguments of models that decide together whether they can be built: those of `cnn`, then those of `blocks`.
OF_SHAPE = [*(f"{name}_{layer}" for layer in "12" for name in ("kernel_size", "strides", "padding", "pool_size")),
            "filters", "convolutions", "pool_size"]  # fmt: skip
# What the layers of a model ask of an image, checked before Keras is imported.
SHAPE_CHECKS: dict[str, Callable[[dict[str, Any], Shape], None]] = {
    "mnist_sweep.models.blocks": check_blocks_shape,
    "mnist_sweep.models.cnn": check_cnn_shape,
}
