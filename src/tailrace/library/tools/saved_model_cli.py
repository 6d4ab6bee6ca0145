"""What is in a SavedModel, and its signatures run on arrays.

Source: TF 1.15 python/tools/saved_model_cli.py, saved_model_utils.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from tailrace.formats import protos
from tailrace.graph import Graph
from tailrace.library.saved_model.loader import load, parse_saved_model
from tailrace.run.session import Session


def read_saved_model(saved_model_dir: str) -> Any:
    """The SavedModel of a folder. Raises: OSError where there is none."""
    return parse_saved_model(saved_model_dir)


def get_saved_model_tag_sets(saved_model_dir: str) -> list[list[str]]:
    """The tags of each of its graphs."""
    return [list(each.meta_info_def.tags) for each in read_saved_model(saved_model_dir).meta_graphs]


def get_meta_graph_def(saved_model_dir: str, tag_set: str) -> Any:
    """The MetaGraphDef of tags, separated by commas. Raises: RuntimeError for others."""
    tags = set(tag_set.split(","))
    for each in read_saved_model(saved_model_dir).meta_graphs:
        if set(each.meta_info_def.tags) == tags:
            return each
    raise RuntimeError(
        f"MetaGraphDef associated with tag-set {tag_set} could not be found in SavedModel"
    )


def get_signature_def_map(saved_model_dir: str, tag_set: str) -> Any:
    """Signatures by their keys."""
    return get_meta_graph_def(saved_model_dir, tag_set).signature_def


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _show_tag_sets(saved_model_dir: str) -> None:
    _say("The given SavedModel contains the following tag-sets:")
    for tags in sorted(get_saved_model_tag_sets(saved_model_dir)):
        _say(", ".join(sorted(tags)))


def _show_signature_def_map_keys(saved_model_dir: str, tag_set: str) -> None:
    _say("The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:")
    for key in sorted(get_signature_def_map(saved_model_dir, tag_set)):
        _say(f'SignatureDef key: "{key}"')


def _show_inputs_outputs(
    saved_model_dir: str, tag_set: str, signature_def_key: str, indent: int = 0
) -> None:
    signature = get_signature_def_map(saved_model_dir, tag_set)[signature_def_key]
    margin = "  " * indent
    for what, infos in (("input", signature.inputs), ("output", signature.outputs)):
        _say(f"{margin}The given SavedModel SignatureDef contains the following {what}(s):")
        for key, info in sorted(infos.items()):
            _say(f"{margin}  {what}s['{key}'] tensor_info:")
            _print_tensor_info(info, indent + 1)
    _say(f"{margin}Method name is: {signature.method_name}")


def _print_tensor_info(tensor_info: Any, indent: int = 0) -> None:
    margin = "  " * indent + "    "
    dims = ", ".join(str(dim.size) for dim in tensor_info.tensor_shape.dim)
    shape = "unknown_rank" if tensor_info.tensor_shape.unknown_rank else f"({dims})"
    _say(f"{margin}dtype: {protos.DataType.Name(tensor_info.dtype)}")
    _say(f"{margin}shape: {shape}")
    _say(f"{margin}name: {tensor_info.name}")


def _show_all(saved_model_dir: str) -> None:
    for tags in sorted(get_saved_model_tag_sets(saved_model_dir)):
        _say(
            f"\nMetaGraphDef with tag-set: '{', '.join(tags)}' contains the following "
            "SignatureDefs:"
        )
        for key in sorted(get_signature_def_map(saved_model_dir, ",".join(tags))):
            _say(f"\nsignature_def['{key}']:")
            _show_inputs_outputs(saved_model_dir, ",".join(tags), key, indent=1)


def run_saved_model_with_feed_dict(
    saved_model_dir: str,
    tag_set: str,
    signature_def_key: str,
    input_tensor_key_feed_dict: dict[str, Any],
) -> dict[str, Any]:
    """The outputs of a signature for arrays, by their keys.

    Raises: ValueError for a key that is no input of the signature.
    """
    signature = get_signature_def_map(saved_model_dir, tag_set)[signature_def_key]
    for key in input_tensor_key_feed_dict:
        if key not in signature.inputs:
            raise ValueError(
                f'"{key}" is not a valid input key. Please choose from '
                f"{', '.join(map(repr, signature.inputs))}, or use --show option."
            )
    feeds = {signature.inputs[key].name: v for key, v in input_tensor_key_feed_dict.items()}
    fetches = {key: info.name for key, info in sorted(signature.outputs.items())}
    with Session(graph=Graph()) as session:
        load(session, tag_set.split(","), saved_model_dir)
        return session.run(fetches, feeds)


def show(args: Any) -> None:
    """Prints the tags, the signatures of a tag set, or one signature: what `args` asks for."""
    if args.all:
        _show_all(args.dir)
    elif args.tag_set is None:
        _show_tag_sets(args.dir)
    elif args.signature_def is None:
        _show_signature_def_map_keys(args.dir, args.tag_set)
    else:
        _show_inputs_outputs(args.dir, args.tag_set, args.signature_def)


def create_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="saved_model_cli", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True)
    shown = commands.add_parser("show", help="print what is in a SavedModel")
    shown.add_argument("--dir", required=True, help="folder of the SavedModel")
    shown.add_argument("--all", action="store_true", help="print everything")
    shown.add_argument("--tag_set", help="tags, separated by commas")
    shown.add_argument("--signature_def", metavar="SIGNATURE_DEF_KEY", help="signature to show")
    shown.set_defaults(func=show)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Gives its exit status."""
    args = create_parser().parse_args(arguments)
    args.func(args)
    return 0
