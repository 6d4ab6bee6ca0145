"""TensorFlow's command line tools as functions: files shown, graphs frozen."""
