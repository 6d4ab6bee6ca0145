"""`tensorflow.python.tools.inspect_checkpoint`, also a command (`python -m`)."""

from tailrace.library.tools.inspect_checkpoint import main, print_tensors_in_checkpoint_file

if __name__ == "__main__":
    raise SystemExit(main())
