"""Functions of pictures: flips, crops, sizes, colours, files, quality."""
