"""A study read back from its folder: no driver, no Optuna, no MLflow."""
