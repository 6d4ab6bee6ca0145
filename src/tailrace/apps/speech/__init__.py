"""Speech to text: a bidirectional LSTM on spectra, trained without alignments (CTC)."""
