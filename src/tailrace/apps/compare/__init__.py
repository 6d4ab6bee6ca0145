"""RNN, LSTM and GRU side by side: on this engine, PyTorch and TensorFlow 1.15."""
