"""Regular expressions. TensorFlow's are RE2's; Python's agree on what both have.

Source: TF 1.15 core/ops/string_ops.cc, core/kernels/regex_*_op.cc; RE2's re2.cc (GlobalReplace).
"""

from __future__ import annotations

import functools
import re

import numpy as np
import torch

from tailrace import errors
from tailrace.ops.strings.elements import NOT_SMOOTH, each, same_shape
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

_TEXT = ("utf-8", "surrogateescape")


@functools.lru_cache(256)
def _compiled(pattern: bytes) -> re.Pattern[str]:
    r"""RE2: classes as `\w` are ASCII's, `\z` is the end of the text."""
    text = re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", pattern.decode(*_TEXT))
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise errors.invalid(f"Invalid pattern: {pattern.decode(*_TEXT)}, error: {error}") from None


def _rewritten(match, rewrite):
    r"""The rewrite with `\0` … `\9` replaced by the groups."""

    def group(reference):
        number = reference.group(1)
        if number == "\\":
            return "\\"
        if not number.isdigit() or int(number) > len(match.groups()):
            raise errors.invalid(f"invalid rewrite: \\{number} is no group of the pattern")
        return match.group(int(number)) or ""

    return re.sub(r"\\(.)", group, rewrite)


def _replaced(text, pattern, rewrite, everywhere):
    source, rewrite = text.decode(*_TEXT), rewrite.decode(*_TEXT)
    parts, end, last = [], 0, -1
    for match in _compiled(pattern).finditer(source):
        if match.start() == match.end() == last:
            continue  # RE2: no empty match right behind another
        parts += [source[end : match.start()], _rewritten(match, rewrite)]
        end = last = match.end()
        if not everywhere:
            break
    return "".join([*parts, source[end:]]).encode(*_TEXT)


@op(
    "RegexReplace",
    "input: string, pattern: string, rewrite: string -> output: string",
    replace_global=True,
)
def regex_replace(input, pattern, rewrite, *, replace_global):
    """Each string with the matches of a pattern (or the first one) rewritten."""
    return each(lambda s: _replaced(s, pattern[()], rewrite[()], replace_global), input)


@regex_replace.shape
def regex_replace_shape(input, pattern, rewrite):
    with_rank(pattern, 0, "pattern")
    with_rank(rewrite, 0, "rewrite")
    return [input]


@op(
    "StaticRegexReplace",
    "input: string -> output: string",
    pattern=Attr("string"),
    rewrite=Attr("string"),
    replace_global=True,
)
def static_regex_replace(input, *, pattern, rewrite, replace_global):
    """Each string with the matches of a pattern (or the first one) rewritten."""
    return each(lambda s: _replaced(s, pattern, rewrite, replace_global), input)


static_regex_replace.shape(same_shape)


def _matches(input, pattern):
    compiled = _compiled(pattern)
    found = each(lambda s: compiled.fullmatch(s.decode(*_TEXT)) is not None, input)
    return torch.from_numpy(found.astype(np.bool_))


@op("RegexFullMatch", "input: string, pattern: string -> output: bool")
def regex_full_match(input, pattern):
    """Whether the pattern matches the whole of each string."""
    return _matches(input, pattern[()])


@regex_full_match.shape
def regex_full_match_shape(input, pattern):
    with_rank(pattern, 0, "pattern")
    return [input]


@op("StaticRegexFullMatch", "input: string -> output: bool", pattern=Attr("string"))
def static_regex_full_match(input, *, pattern):
    """Whether the pattern matches the whole of each string."""
    return _matches(input, pattern)


static_regex_full_match.shape(same_shape)
for _each in (regex_replace, static_regex_replace, regex_full_match, static_regex_full_match):
    _each.no_gradient(NOT_SMOOTH)
