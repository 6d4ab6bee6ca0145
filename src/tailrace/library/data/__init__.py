"""Input pipelines: datasets and iterators."""
