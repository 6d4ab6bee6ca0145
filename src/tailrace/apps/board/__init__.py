"""TensorBoard over the folders of runs."""
