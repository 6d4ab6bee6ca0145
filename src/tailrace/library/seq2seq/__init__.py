"""From sequence to sequence: encoders, decoders, attention, losses."""
