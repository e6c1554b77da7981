"""The task of a Keras classifier of images: the only room with Keras and TensorFlow."""
