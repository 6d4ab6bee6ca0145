"""`tf.gfile`: the first spelling of `tf.io.gfile`."""

from tailrace.library.gfile import FastGFile, GFile
from tailrace.library.gfile import GFile as Open
from tailrace.library.gfile import copy as Copy
from tailrace.library.gfile import exists as Exists
from tailrace.library.gfile import glob as Glob
from tailrace.library.gfile import isdir as IsDirectory
from tailrace.library.gfile import listdir as ListDirectory
from tailrace.library.gfile import makedirs as MakeDirs
from tailrace.library.gfile import mkdir as MkDir
from tailrace.library.gfile import remove as Remove
from tailrace.library.gfile import rename as Rename
from tailrace.library.gfile import rmtree as DeleteRecursively
from tailrace.library.gfile import stat as Stat
from tailrace.library.gfile import walk_in_order as Walk

__all__ = [
    "Copy",
    "DeleteRecursively",
    "Exists",
    "FastGFile",
    "GFile",
    "Glob",
    "IsDirectory",
    "ListDirectory",
    "MakeDirs",
    "MkDir",
    "Open",
    "Remove",
    "Rename",
    "Stat",
    "Walk",
]
