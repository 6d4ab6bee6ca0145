"""`tf.contrib.learn.preprocessing`: texts as rows of numbers."""

TEXTS = ["the cat sat on the mat", "The dog's NASA-cat, MyCamelCase", "", "a b a c a b mat the"]


def _rows(rows):
    return [row.tolist() for row in rows]


def words(tf):
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(6)
    rows = _rows(processor.fit_transform(TEXTS))
    return {
        "rows": rows,
        "more": _rows(processor.transform(["the new cat", "mat"])),
        "texts": list(processor.reverse(rows)),
        "size": len(processor.vocabulary_),
    }


def frequent_words(tf):
    vocabulary = tf.contrib.learn.preprocessing.CategoricalVocabulary("none")
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(8, 1, vocabulary)
    rows = _rows(processor.fit_transform(TEXTS))
    vocabulary.freeze(False)
    return {
        "rows": rows,
        "texts": list(processor.reverse(rows)),
        "new": [vocabulary.get("fish"), vocabulary.get("the"), len(vocabulary)],
    }


def trimmed_on_both_sides(tf):
    vocabulary = tf.contrib.learn.preprocessing.CategoricalVocabulary()
    for word, count in {"a": 5, "b": 2, "c": 3, "d": 3, "e": 1}.items():
        vocabulary.add(word, count)
    vocabulary.trim(1, 5)
    return {"words": [vocabulary.reverse(i) for i in range(len(vocabulary))]}


def own_tokenizer(tf):
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(
        4, tokenizer_fn=lambda texts: (list(text) for text in texts)
    )
    return {"rows": _rows(processor.fit_transform(["abcab", "xa"]))}


def byte_rows(tf):
    processor = tf.contrib.learn.preprocessing.ByteProcessor(5)
    processor.fit(TEXTS)
    return {"rows": _rows(processor.fit_transform(["héllo", b"ab"]))}


def no_words_back_error(tf):
    vocabulary = tf.contrib.learn.preprocessing.CategoricalVocabulary(support_reverse=False)
    vocabulary.reverse(0)
