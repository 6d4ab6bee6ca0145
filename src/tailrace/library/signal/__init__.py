"""Signals: frames, windows, short-time spectra, cosine transforms, mel scales."""
