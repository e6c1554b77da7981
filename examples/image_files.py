"""A data set of your own within the image classifier: a function that returns the images and labels of a part.

python image_files.py
"""

import numpy as np

import mnist_sweep as ms


def shapes(part: str, *, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns images of squares and crosses, (images, height, width) of uint8, and their labels; read yours instead."""
    random = np.random.default_rng({"train": 0, "test": 1}[part])
    images, labels = np.zeros((count, 16, 16), np.uint8), np.arange(count) % 2
    for image, label in zip(images, labels, strict=True):
        row, column, size = (*random.integers(0, 8, 2), random.integers(5, 8))
        if label:
            image[row + size // 2, column : column + size] = image[row : row + size, column + size // 2] = 255
        else:
            image[row : row + size, column : column + size] = 255
        np.maximum(image, random.integers(0, 40, image.shape), out=image, casting="unsafe")
    return images, labels


if __name__ == "__main__":
    study = ms.sweep(
        "data=shapes",
        "model=dnn",
        "model.units=[16]",
        "search=default",
        "train.epochs=4",
        "runtime.allowed_targets=[image_files]",
        config_dir="own",  # own/data/shapes.yaml names the function and its arguments
        space={"model.dropout": "interval(0.0,0.5)", "optimizer.learning_rate": "tag(log,interval(1e-3,1e-1))"},
        n_trials=4,
        verbose=True,
    )
    print(study.best)
