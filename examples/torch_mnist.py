"""A PyTorch loop on MNIST, searched and pruned; mnist.npz is looked for in $MNIST_SWEEP_DATA.

pip install torch
python torch_mnist.py
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import mnist_sweep as ms

EPOCHS = 3


def objective(config: Mapping[str, Any], trial: ms.TrialContext) -> dict[str, float]:
    """Trains a small convolutional network on a part of MNIST."""
    import torch  # within the function: the driver needs no PyTorch
    from torch import nn

    torch.manual_seed(trial.seed)
    torch.set_num_threads(trial.threads)
    torch.use_deterministic_algorithms(True)
    with np.load(Path(os.environ["MNIST_SWEEP_DATA"]) / "mnist.npz") as file:
        images = torch.from_numpy(file["x_train"][:12_000, None].astype("float32") / 255)
        labels = torch.from_numpy(file["y_train"][:12_000].astype("int64"))
    x, y, x_valid, y_valid = images[:10_000], labels[:10_000], images[10_000:], labels[10_000:]
    model = nn.Sequential(
        nn.Conv2d(1, config["filters"], 5), nn.MaxPool2d(4), nn.ReLU(), nn.Flatten(),
        nn.Linear(config["filters"] * 36, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
    for epoch in range(1, EPOCHS + 1):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            logits = model(x_valid)
            loss = nn.functional.cross_entropy(logits, y_valid).item()
            trial.report(epoch, val_loss=loss, val_accuracy=(logits.argmax(1) == y_valid).float().mean().item())
    return {"parameters": sum(weight.numel() for weight in model.parameters())}


if __name__ == "__main__":
    study = ms.sweep(
        task=objective,
        space={"filters": "choice(4,8,16)", "lr": "tag(log,interval(1e-4,1e-2))"},
        metric="val_accuracy",
        n_trials=8,
        name="torch",
        verbose=True,
    )
    print(study)
