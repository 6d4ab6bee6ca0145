"""The operations, a module per family. Importing this package registers them all."""
