"""`tf.contrib.framework`: functions of `tf.train` for checkpoints, with other argument names.

Source: TF 1.15 contrib/framework/python/framework/checkpoint_utils.py.
"""

from tailrace.library import checkpoint_utils as utils
from tailrace.library.arguments import renamed

_FOLDER = {"checkpoint_dir": "ckpt_dir_or_file"}

init_from_checkpoint = renamed(utils.init_from_checkpoint, "init_from_checkpoint", **_FOLDER)
list_variables = renamed(utils.list_variables, "list_variables", **_FOLDER)
load_checkpoint = renamed(utils.load_checkpoint, "load_checkpoint", filepattern="ckpt_dir_or_file")
load_variable = renamed(utils.load_variable, "load_variable", **_FOLDER)
