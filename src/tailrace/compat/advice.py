"""What to do about programs for Python 2, or for a Python 3 that is gone.

Python's own message says what is wrong; what is here says what to do, where that is known.
"""

from __future__ import annotations

import re
from types import ModuleType

CONVERT = "a Python 2 program: convert it with `2to3 -w` (Python up to 3.12) or `futurize`"
_ASYNC = "`async` is a keyword since Python 3.7: give the argument or variable another name"
_TABS = "Python 2 took a tab for eight columns: write `expand -t 8 OLD > NEW`"

# in the message of a syntax error
_SAID = re.compile(
    "Missing parentheses in call to|multiple exception types|cannot be parenthesized|leading zeros"
)
# in the line of a syntax error -> what to do
_SYNTAX = [
    (re.compile(r"\basync\s*[=,):]|\.async\b"), _ASYNC),
    (re.compile(r"\b(print|exec)\s+[^=\s(]|\braise\s+[\w.]+\s*,|<>|`[^`]*`"), CONVERT),
    (re.compile(r"(?<![\w.])\d+[lL]\b|\b[uU][rR]['\"]"), CONVERT),
]

_NAMES = frozenset(
    [
        "basestring",
        "cmp",
        "execfile",
        "file",
        "long",
        "raw_input",
        "reduce",
        "reload",
        "unichr",
        "unicode",
        "xrange",
    ]
)
# type or module -> attributes that Python 2's had
_ATTRIBUTES = {
    "dict": "has_key iteritems iterkeys itervalues viewitems viewkeys viewvalues",
    "generator": "next",
    "itertools": "ifilter imap izip izip_longest",
    "os": "getcwdu",
    "str": "decode",
    "string": "atof atoi join letters lower lowercase maketrans replace split strip uppercase",
    "sys": "maxint setdefaultencoding",
    "urllib": "quote unquote urlencode urlopen urlretrieve",
}
_MODULES = frozenset(
    [
        "BaseHTTPServer",
        "ConfigParser",
        "Cookie",
        "HTMLParser",
        "Queue",
        "SocketServer",
        "StringIO",
        "Tkinter",
        "UserDict",
        "__builtin__",
        "anydbm",
        "cPickle",
        "cStringIO",
        "commands",
        "copy_reg",
        "cookielib",
        "dbm",
        "htmlentitydefs",
        "httplib",
        "md5",
        "sets",
        "sha",
        "thread",
        "tkMessageBox",
        "urllib2",
        "urlparse",
        "xmlrpclib",
    ]
)
# gone from Python 3.12 and 3.13, or not there
_GONE = {
    "asyncore": "Python 3.12 has it no more: asyncio does its work",
    "cgi": "Python 3.13 has it no more: html.escape and urllib.parse have what is mostly meant",
    "distutils": "Python 3.12 has it no more: installing `setuptools` brings it back",
    "imp": "Python 3.12 has it no more: importlib does its work",
    "tensorflow": "Tailrace does not have that; `tailrace check` lists all that a program needs",
    "pipes": "Python 3.13 has it no more: shlex.quote and subprocess do its work",
}
# other libraries' ways that are gone: type and attribute -> what to do
_LIBRARIES = {
    ("DataFrame", "ix"): "pandas has it no more: `.loc` is for labels, `.iloc` for positions",
    ("Series", "ix"): "pandas has it no more: `.loc` is for labels, `.iloc` for positions",
    ("array", "fromstring"): "`frombytes` is the same",
    ("array", "tostring"): "`tobytes` is the same",
}


def advice(error: BaseException) -> str:
    """What to do about an error of a program; empty where nothing but the message is known."""
    match error:
        case TabError():
            return _TABS
        case SyntaxError():
            return _about_syntax(error)
        case NameError():
            return CONVERT if error.name in _NAMES else ""
        case ImportError():
            root = (error.name or "").partition(".")[0]
            return CONVERT if root in _MODULES else _GONE.get(root, "")
        case AttributeError():
            return _about_attribute(error)
    return ""


def _about_syntax(error: SyntaxError) -> str:
    if _SAID.search(error.msg or ""):
        return CONVERT
    line = (error.text or "").partition("#")[0]
    return next((what for pattern, what in _SYNTAX if pattern.search(line)), "")


def _about_attribute(error: AttributeError) -> str:
    name = error.name or ""
    of = error.obj
    owner = of.__name__ if isinstance(of, ModuleType) else type(of).__name__
    if name in _ATTRIBUTES.get(owner, "").split():
        return CONVERT
    return _LIBRARIES.get((owner, name), "")
