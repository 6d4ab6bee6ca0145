"""Strings: made of numbers, joined, split, searched, hashed, read."""

import numpy as np


def _words(tf):
    return tf.placeholder(tf.string, [None], name="words")


def from_numbers(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    return {
        "floats": tf.as_string(x),
        "doubles": tf.as_string(tf.constant([1.0, 0.1, 1e10], tf.float64)),
        "digits": tf.as_string(x, precision=2),
        "scientific": tf.as_string(x, scientific=True),
        "shortest": tf.as_string(x, shortest=True),
        "ints": tf.as_string([1, -20]),
        "wide": tf.as_string([1, 20], width=5),
        "zeros": tf.as_string([1, 20], width=5, fill="0"),
        "left": tf.as_string([1, 20], width=5, fill="-"),
        "complex": tf.as_string(tf.constant([1 + 2j])),
        "bools": tf.strings.as_string([True, False]),
        "scalar": tf.as_string(7),
        "feed": {x: [1.0, 0.123456789, 1e10, np.nan, -np.inf]},
    }


def to_numbers(tf):
    words = _words(tf)
    return {
        "floats": tf.string_to_number(words),
        "ints": tf.string_to_number([" 12 ", "-3"], tf.int32),
        "doubles": tf.strings.to_number(["1e300"], out_type=tf.float64),
        "feed": {words: ["1.5", " 2 ", "-3e2", "inf", "0x10"]},
    }


def to_numbers_error(tf):
    words = _words(tf)
    return {"y": tf.string_to_number(words), "feed": {words: ["1.5x"]}}


def to_ints_range_error(tf):
    words = _words(tf)
    return {"y": tf.string_to_number(words, tf.int32), "feed": {words: ["99999999999"]}}


def formats(tf):
    x = tf.placeholder(tf.int32, [None], name="x")
    cube = tf.constant(np.arange(60).reshape(3, 4, 5))
    return {
        "one": tf.strings.format("x = {}", x),
        "two": tf.strings.format("{} and {}", [x, tf.constant("hi")]),
        "matrix": tf.strings.format("{}", tf.constant([[1.5, 2], [3, 4]])),
        "cube": tf.strings.format("{}", cube, summarize=1),
        "all": tf.strings.format("%", cube, placeholder="%", summarize=-1),
        "strings": tf.strings.format("{}", tf.constant(["a", "b\n"])),
        "bools": tf.strings.format("{}", tf.constant([True, False])),
        "floats": tf.strings.format("{}", tf.constant([0.1, 1 / 3.0, 1e10, 1e-7, 1234567.0])),
        "doubles": tf.strings.format("{}", tf.constant([0.1, 1 / 3.0], tf.float64)),
        "none": tf.strings.format("plain", []),
        "feed": {x: list(range(9))},
    }


def format_count_error(tf):
    return {"y": tf.strings.format("{} {}", [tf.constant(1)])}


def joins(tf):
    words = _words(tf)
    return {
        "join": tf.string_join([words, "-", words], separator=" "),
        "plain": tf.strings.join([["a", "b"], ["c", "d"]]),
        "scalars": tf.string_join(["a", "b"], ","),
        "feed": {words: ["x", "y"]},
    }


def reduce_joins(tf):
    x = tf.placeholder(tf.string, [None, 2], name="x")
    unknown = tf.placeholder(tf.string, name="unknown")
    return {
        "rows": tf.reduce_join(x, 1, separator="-"),
        "columns": tf.reduce_join(x, axis=0),
        "all": tf.reduce_join(x),
        "order": tf.reduce_join(x, [0, 1]),
        "reversed": tf.reduce_join(x, [1, 0]),
        "kept": tf.reduce_join(x, [-1], keep_dims=True),
        "old_name": tf.reduce_join(inputs=x, reduction_indices=[0]),
        "unknown": tf.reduce_join(unknown),
        "segments": tf.strings.unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 3, separator=","),
        "feed": {x: [["a", "b"], ["c", "d"]], unknown: [["e", "f"]]},
    }


def reduce_join_axis_error(tf):
    return {"y": tf.reduce_join([["a"]], [2])}


def splits(tf):
    words = _words(tf)
    return {
        "default": tf.string_split(words),
        "kept": tf.string_split(words, skip_empty=False),
        "several": tf.string_split(["a,b;c"], ",;"),
        "bytes": tf.string_split(["abc"], delimiter=""),
        "white": tf.strings.split(words, result_type="SparseTensor"),
        "separator": tf.strings.split(["a--b--c", ""], "--", maxsplit=1),
        "feed": {words: ["a b c", " d  e", ""]},
    }


def parts(tf):
    words = _words(tf)
    return {
        "substr": tf.substr(words, 1, 3),
        "each": tf.substr(words, [1, -2], [2, 2]),
        "chars": tf.strings.substr(["h\u00e9llo"], 1, 2, unit="UTF8_CHAR"),
        "length": tf.strings.length(words),
        "char_length": tf.strings.length(["h\u00e9llo", ""], unit="UTF8_CHAR"),
        "strip": tf.string_strip([" a b \n"]),
        "lower": tf.strings.lower(["HeLLo\u00c9"]),
        "upper": tf.strings.upper(["HeLLo\u00e9"]),
        "lower_utf8": tf.strings.lower(["\u00c9"], encoding="utf-8"),
        "feed": {words: ["hello", "world"]},
    }


def substr_position_error(tf):
    words = _words(tf)
    return {"y": tf.substr(words, 6, 1), "feed": {words: ["hello"]}}


def patterns(tf):
    words = _words(tf)
    pattern = tf.placeholder(tf.string, [], name="pattern")
    return {
        "replace": tf.regex_replace(words, "[aeiou]", "_"),
        "groups": tf.strings.regex_replace(["hello world"], "(\\w+) (\\w+)", "\\2 \\1 [\\0]"),
        "first": tf.regex_replace(words, "l", "L", replace_global=False),
        "empty": tf.regex_replace(["abxd"], "x*", "-"),
        "varying": tf.regex_replace(words, pattern, "+"),
        "match": tf.strings.regex_full_match(words, "h.*o"),
        "varying_match": tf.strings.regex_full_match(words, pattern),
        "utf8": tf.regex_replace(["h\u00e9!"], "h.", "x"),
        "feed": {words: ["hello", "world"], pattern: "l+"},
    }


def pattern_error(tf):
    words = _words(tf)
    return {"y": tf.regex_replace(words, "(", ""), "feed": {words: ["a"]}}


def base64_codes(tf):
    words = _words(tf)
    return {
        "encode": tf.encode_base64(words),
        "padded": tf.io.encode_base64(words, pad=True),
        "decode": tf.decode_base64(["aGVsbG8", "aGVsbG8=", "YT8-Yg"]),
        "feed": {words: ["hello", "a?>b", ""]},
    }


def base64_error(tf):
    words = _words(tf)
    return {"y": tf.decode_base64(words), "feed": {words: ["a"]}}


def hashes(tf):
    words = ["", "a", "ab", "hello", "abcdefgh", "x" * 15, "y" * 16, "c" * 20, "d" * 32]
    words += ["e" * 33, "f" * 64, "g" * 65, "long text " * 10, "h" * 128, "h\u00e9"]
    buckets = 1 << 60
    return {
        "plain": tf.string_to_hash_bucket(words, buckets),
        "fast": tf.string_to_hash_bucket_fast(words, buckets),
        "strong": tf.string_to_hash_bucket_strong(words, buckets, [12345, 67890]),
        "few": tf.strings.to_hash_bucket_fast(words, 10),
    }


def raw_bytes(tf):
    words = _words(tf)
    return {
        "uint8": tf.decode_raw(words, tf.uint8),
        "int16": tf.decode_raw(words, tf.int16),
        "big": tf.decode_raw(words, tf.int16, little_endian=False),
        "float": tf.io.decode_raw(words, tf.float32),
        "feed": {words: ["abcd", "efgh"]},
    }


def raw_bytes_length_error(tf):
    words = _words(tf)
    return {"y": tf.decode_raw(words, tf.int16), "feed": {words: ["abc"]}}


def raw_bytes_unequal_error(tf):
    words = _words(tf)
    return {"y": tf.decode_raw(words, tf.uint8), "feed": {words: ["abc", "ab"]}}


def tables(tf):
    words = _words(tf)
    missing = tf.constant([], tf.float32)
    return {
        "rows": tf.decode_csv(words, [[0], [7.0], ["x"]]),
        "required": tf.decode_csv(["1,2"], [missing, tf.constant([0], tf.int64)]),
        "tabs": tf.decode_csv(["1\t2\t3"], [[0], [1]], field_delim="\t", select_cols=[0, 2]),
        "missing": tf.io.decode_csv(["1,NA"], [[0], [5]], na_value="NA"),
        "quotes": tf.decode_csv(['"a""b",c', '"d,\ne",'], [["0"], ["1"]]),
        "no_quotes": tf.decode_csv(['"a",c'], [["0"], ["1"]], use_quote_delim=False),
        "scalar": tf.decode_csv("1,2", [[0], [0]]),
        "feed": {words: ["1,2.5,a", '3,,"b,c"']},
    }


def table_fields_error(tf):
    words = _words(tf)
    return {"y": tf.decode_csv(words, [[0], [0], [0]]), "feed": {words: ["1,2"]}}


def table_number_error(tf):
    words = _words(tf)
    return {"y": tf.decode_csv(words, [[0], [0]]), "feed": {words: ["1,x"]}}


def table_required_error(tf):
    words = _words(tf)
    defaults = [[0], tf.constant([], tf.float32)]
    return {"y": tf.decode_csv(words, defaults), "feed": {words: ["1,"]}}


def serialized_tensors(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    text = tf.serialize_tensor(x)
    return {
        "text": text,
        "back": tf.parse_tensor(text, tf.float32),
        "strings": tf.io.parse_tensor(tf.io.serialize_tensor(["a", "b"]), tf.string),
        "feed": {x: [1.0, 2.0]},
    }


def parse_tensor_type_error(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    return {"y": tf.parse_tensor(tf.serialize_tensor(x), tf.int32), "feed": {x: [1.0]}}
