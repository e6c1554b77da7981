"""Where the configuration files lie."""

from mnist_sweep.config.folder import conf_folder


def test_the_folder_has_the_primary_configuration() -> None:
    assert (conf_folder() / "config.yaml").is_file()
    assert (conf_folder() / "task" / "image_classifier.yaml").is_file()
