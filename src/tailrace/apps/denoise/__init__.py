"""A denoising autoencoder: pictures spoilt on purpose, and a network that mends them."""
