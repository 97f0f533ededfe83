"""What is read from outside, bounded before anything is built from it: YAML, protobuf, names of files."""
