"""`tailrace caption`: pictures described by a network that looks at their regions."""
