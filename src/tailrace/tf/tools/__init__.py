"""What `tensorflow.python.tools` holds: programs import these modules."""
