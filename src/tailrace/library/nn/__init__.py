"""Functions of neural networks, a module per family."""
