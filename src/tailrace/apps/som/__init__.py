"""Self-organizing maps: a table laid out on a grid of units, neighbours alike."""
