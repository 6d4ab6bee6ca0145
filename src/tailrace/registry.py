"""What an operation type is: its signature, kernel, shape rule and gradient, declared in one place.

    @op("MatMul", "a: T, b: T -> product: T", T=NUMERIC, transpose_a=False, transpose_b=False)
    def matmul(a, b, *, transpose_a, transpose_b):
        '''Matrix product, each factor optionally transposed first.'''
        return torch.mm(...)

    @matmul.shape
    def matmul_shape(a, b, *, transpose_a, transpose_b): return [[m, n]]

    @matmul.gradient
    def matmul_grad(g, op, dy): return da, db

**Signature**: `name: type` items; a type is an element type (`int32`), an attribute (`T`), a
reference (`Ref(T)`), N tensors of one type (`N*T`, `N*int32`) or tensors of a list of types
(`list(T)`).

**Attributes** are the keyword arguments: a tuple of dtypes is a type attribute and what it allows
(`ANY`: everything), a bool, int, float or str is the default of an attribute of that kind, anything
else is spelled `Attr(kind, default)`. `N` of `N*T` and the `T` of `list(T)` need no declaration
unless they have limits.

**Kernel**: called with one argument per input (a list where the input is a list) and those
attributes its keyword-only parameters name. It returns a tensor, or a sequence of all outputs in
order; None without outputs. Tensors are torch tensors; strings are NumPy object arrays of bytes;
resources and references are cells of the session's store.

**Shape rule**: called with a `Shape` per input and the attributes it names; returns a shape per
output. Inputs have, beside the dimensions, `.value` (the constant value as array, or None),
`.as_shape()` (a vector of sizes read as a partly known shape), `.dtype` and `.handle` (of
resources).

**Contents rule**: see `OpDef.contents`; of operations on tensor arrays and stacks.

**Repeats rule**: called like the shape rule when the sizes of a run are known; gives the index of
the argument that the output merely repeats (a reshape to the same sizes), or None.

**Vector rule**: called like the shape rule when the sizes of a run are known; gives the name that
`native.fusion` has for what the operation does to its inputs, or None. Where the name is always the
same, the fact `_vector` says it.

**Small rule**: called like the shape rule when the sizes of a run are known, and all of the outputs
are small; gives the `native.bundles.Instruction` that does the same, or None.

**Reduction rule**: called likewise; gives the name that `native.fusion` has for how the operation
reduces its first input, along which axes (in order, not negative), and whether these are kept; or
None. Its other inputs are constants.

**Placed rule**: called likewise, where the output is one of the inputs among zeros; gives its
index, and how many zeros are before and after it in each dimension; or None.

**Cuts rule**: called likewise, where the outputs are pieces of an input along one axis; gives the
input's index, the axis and where each output begins; or None.

**Gradient rule**: called with the builder `g`, a view `op` whose attributes are the declaration's
names (`op.a`, `op.product`, `op.transpose_a`) and the gradient of each output (None where none
flows). It returns a gradient or None per input.

**Facts the planner needs** are keyword arguments that start with an underscore:
`_stateful`     never folded or merged with a twin; run once per step even if pure-looking
`_host`         names of inputs the kernel takes as Python values (int, list) instead of tensors
`_writes`       names of the inputs (references, resources) whose cell the kernel changes
`_reads`        names of the resource inputs whose cell the kernel reads (references are read
                implicitly)
`_context`      the kernel's first argument is the `OpContext` of this node in this session
`_once`         a context kernel without inputs whose output is one object for as long as the
                session lives
`_by_value`     the type of the same operation on values, for one on references
`_alias`        an output may share memory with an input
`_varies`       fed from outside: the value differs between runs though nothing is stateful
`_region`       what the node is for in a loop or conditional: switch, merge, enter, exit, next,
                test, trigger
`_static`       TensorFlow's Python code knows the value once it knows those of the inputs
`_array`        what it does with a tensor array (handle, index or indices, value, flow) or stack:
                new, gradient, read, write, gather, scatter, push, pop
`_constant`     its output is its attribute
`_passes`       it hands its only input on
`_measures`     its output depends on its input's shape alone
`_draws`        it draws random numbers: its only effect is on its own stream
`_compares`     how it compares its inputs: "<", "<=", ">" or ">="
`_extremum`     of a reduction: that it gives the "max" or "min"
`_vanishes`     names of inputs of which any that is all zeros makes the output so
`_both`         whether both inputs are true
`_chooses`      its first input chooses between the second and the third, element by element or row
                by row
`_zeros`        the output is nothing but zeros
`_narrows`      its output is `size` slices of its input along `axis`, from `begin` on
`_last`         its output is the last element of its input's first axis
`_of_layer`     of a fused operation, what it is to a recurrent layer over all steps: "inputs", the
                sum of products x and w, and addends; or a gradient that comes from that of this
                sum, the last input: "of kernel", from the factors before it, or "of inputs", whose
                inputs are several such gradients and as many weights
`_distinct`     the distinct elements of the input, and the place of each element among them
`_segments`     the output's rows are sums of the first input's, each in the place that the second
                input says
`_row_sums`     of a fused operation: which numbers are among the second input's and, for each, the
                sum of the first input's rows there; and the sum of all squares
`_limits`       of a fused operation: the function that tells, from the constants among its inputs
                (None where they vary), below what the first may be any number without a difference
`_rows`         of a fused operation: it treats the rows `indices`, each there once, with their
                gradients `grad`, in any order
`_bounded`      the fused operation that takes one of the inputs apart (see `by_row`), and may give
                more than is right for it as long as the sum of its results stays below `limit`
`_gathers`      rows of the first input at the second's indices, or along the axis of a third
`_permutes`     the first input with its axes in the order of the second
`_adds`         the output is the sum of the inputs
`_elementwise`  output i depends on element i of the inputs alone, after broadcasting
`_vector`       what `native.fusion` calls this element-wise function of the inputs
`_batch`        the fused operation that does several of this type at once: of the same inputs, an
                input it takes N of comes one from each, the others are the same for all
`_stacks`       lays its inputs side by side along a new axis, `axis`
`_unstacks`     gives the slices of its input along an axis, `axis`, without that axis
`_splits`       its outputs are its input's pieces along an axis
`_joins`        lays its inputs but the last one after one another along an axis, the last one
`_reshapes`     the output has the elements of the first input, in their order
`_stacked`      the fused operation that gives the results of several of this type, stacked
`_summed`       the fused operation that gives the sum of several of this type
`_multiplies`   the output is the product of the two inputs
`_divides`      the output is the first input divided by the second
`_scales`       of a fused operation: the inputs it multiplies by `scale`, if that is given (S is 1)
`_biases`       the output is the first input plus the second along its channels
`_sums`         the output holds sums of the elements of the first input
`_scored`       of a loss of each row of a matrix and, second, its gradient: the fused operation
                that gives the loss alone and the one for the gradient times a factor for each row
`_checks`       it is there to fail when its input is not as it must be
`_consumes`     of a fused operation: the inputs whose memory it writes over where `in_place` is
                true
`_anywhere`     names of inputs and outputs the kernel does not look into: they may lie on any
                device, such an output where such an input does
`_host_only`    the kernel computes on the CPU, whatever devices there are
`_waits`        on a device: the kernel waits for a value, or takes or gives one of the host
`_element`      gives the next element of an iterator
`_owning`       the fused operation that does the same with a last input that nothing else needs,
                whose memory it may keep
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType
from tailrace.shapes import broadcast

REQUIRED = object()

_FLAGS = (
    "stateful",
    "host",
    "writes",
    "reads",
    "context",
    "alias",
    "elementwise",
    "varies",
    "once",
    "by_value",
    "region",
    "narrows",
    "last",
    "of_layer",
    "distinct",
    "segments",
    "row_sums",
    "limits",
    "rows",
    "bounded",
    "gathers",
    "permutes",
    "static",
    "array",
    "passes",
    "measures",
    "constant",
    "draws",
    "adds",
    "compares",
    "both",
    "chooses",
    "zeros",
    "batch",
    "vector",
    "summed",
    "stacks",
    "unstacks",
    "splits",
    "joins",
    "reshapes",
    "stacked",
    "multiplies",
    "divides",
    "scales",
    "biases",
    "sums",
    "scored",
    "consumes",
    "owning",
    "checks",
    "extremum",
    "vanishes",
    "host_only",
    "anywhere",
    "waits",
    "element",
)
# flags that name inputs
_NAMED_INPUTS = frozenset(("host", "writes", "reads", "consumes", "vanishes", "anywhere"))
_KIND_OF_DEFAULT = {bool: "bool", int: "int", float: "float", str: "string", bytes: "string"}
_ITEM = re.compile(r"^(\w+): (?:list\((\w+)\)|(?:(\w+)\*)?(?:(Ref)\((\w+)\)|(\w+)))$")


def single(value: Any) -> float:
    """The value of an attribute of kind float: TF keeps it in single precision."""
    return ctypes.c_float(float(value)).value


@dataclasses.dataclass(frozen=True, slots=True)
class Attr:
    """An attribute: `kind` as in OpDef protos ("type", "list(int)", ...), default, limits."""

    kind: str
    default: Any = REQUIRED
    allowed: tuple[Any, ...] = ()
    minimum: int | None = None

    def __post_init__(self) -> None:
        if self.kind == "float" and self.default is not REQUIRED:
            object.__setattr__(self, "default", single(self.default))

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def type_attr(allowed: tuple[DType, ...] = (), default: Any = REQUIRED) -> Attr:
    """A type attribute, one of `allowed` if there are any."""
    return Attr("type", default, allowed)


@dataclasses.dataclass(frozen=True, slots=True)
class Arg:
    """An input or output. Exactly one of `dtype`, `type_attr`, `list_attr` is set."""

    name: str
    dtype: DType | None = None
    type_attr: str | None = None
    list_attr: str | None = None
    number_attr: str | None = None
    is_ref: bool = False

    @property
    def is_list(self) -> bool:
        return self.number_attr is not None or self.list_attr is not None


@dataclasses.dataclass(frozen=True)
class Pattern:
    """What steps a fused operation stands for: the type of the last one, names for its inputs, and
    how these come about (see `plan.patterns`). The fused operation's inputs are among the names.
    """

    anchor: str
    inputs: tuple[str, ...]
    equations: str


class OpDef:
    """An operation type. The decorated kernel's name is bound to this object."""

    # what most operations are; the others have their own
    stateful: bool = False
    host: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    context: bool = False
    alias: bool = False
    elementwise: bool = False
    by_value: str | None = None
    once: bool = False
    region: str = ""
    varies: bool = False
    static: bool = False
    narrows: bool = False
    last: bool = False
    of_layer: str = ""
    distinct: bool = False
    segments: bool = False
    row_sums: bool = False
    limits: Callable[..., float | None] | None = None
    rows: bool = False
    bounded: str | None = None
    gathers: bool = False
    permutes: bool = False
    by_table_rule: Callable[..., Any] | None = None
    by_row_rule: Callable[..., Any] | None = None
    in_one_call_rule: Callable[..., Any] | None = None
    parts_rule: Callable[..., Any] | None = None
    parts_attrs: tuple[str, ...] = ()
    passes: bool = False
    measures: bool = False
    constant: bool = False
    array: str = ""
    draws: bool = False
    adds: bool = False
    compares: str = ""
    both: bool = False
    chooses: bool = False
    zeros: bool = False
    batch: str | None = None
    vector: str | None = None
    summed: str | None = None
    stacks: bool = False
    unstacks: bool = False
    splits: bool = False
    joins: bool = False
    reshapes: bool = False
    stacked: str | None = None
    multiplies: bool = False
    divides: bool = False
    scales: str | None = None
    biases: bool = False
    sums: bool = False
    scored: tuple[str, str] | None = None
    consumes: frozenset[str] = frozenset()
    owning: str | None = None
    checks: bool = False
    extremum: str = ""
    vanishes: frozenset[str] = frozenset()
    host_only: bool = False
    anywhere: frozenset[str] = frozenset()
    waits: bool = False
    element: bool = False
    pattern: Pattern | None = None
    shape_rule: Callable[..., Any] | None = None
    shape_attrs: tuple[str, ...] = ()
    handle_rule: Callable[..., Any] | None = None
    known_value_rule: Callable[..., Any] | None = None
    known_value_attrs: tuple[str, ...] = ()
    known_sizes_rule: Callable[..., Any] | None = None
    gradient_rule: Callable[..., Any] | None = None
    no_gradient_reason: str | None = None
    missing_gradient_reason: str | None = None
    bind_rule: Callable[..., Any] | None = None
    repeats_rule: Callable[..., Any] | None = None
    repeats_attrs: tuple[str, ...] = ()
    vector_rule: Callable[..., Any] | None = None
    vector_attrs: tuple[str, ...] = ()
    small_rule: Callable[..., Any] | None = None
    small_attrs: tuple[str, ...] = ()
    placed_rule: Callable[..., Any] | None = None
    placed_attrs: tuple[str, ...] = ()
    cuts_rule: Callable[..., Any] | None = None
    cuts_attrs: tuple[str, ...] = ()
    reduction_rule: Callable[..., Any] | None = None
    reduction_attrs: tuple[str, ...] = ()
    contents_rule: Callable[..., Any] | None = None
    contents_attrs: tuple[str, ...] = ()
    over_steps_rule: Callable[..., Any] | None = None
    over_steps_attrs: tuple[str, ...] = ()
    total_rule: Callable[..., Any] | None = None
    total_attrs: tuple[str, ...] = ()
    flops_rule: Callable[..., Any] | None = None
    flops_attrs: tuple[str, ...] = ()
    device_kernel: Callable[..., Any] | None = None
    device_kernel_attrs: tuple[str, ...] = ()
    device_host: frozenset[str] = frozenset()

    def __init__(
        self,
        name: str,
        inputs: tuple[Arg, ...],
        outputs: tuple[Arg, ...],
        attrs: dict[str, Attr],
        kernel: Callable[..., Any],
        flags: dict[str, Any],
    ) -> None:
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.takes_refs = any(arg.is_ref for arg in inputs)
        self.attrs = attrs
        self.kernel = kernel
        self.kernel_attrs = keyword_names(kernel)
        for fact, value in flags.items():
            setattr(self, fact, _names(value) if fact in _NAMED_INPUTS else value)
        self.__doc__ = kernel.__doc__
        self.__name__ = getattr(kernel, "__name__", name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the kernel; how a kernel uses a sibling's."""
        return self.kernel(*args, **kwargs)

    def __repr__(self) -> str:
        return f"OpDef({self.name!r})"

    def shape(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the shape rule."""
        self.shape_rule = rule
        self.shape_attrs = keyword_names(rule)
        return rule

    def handle(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule, gives (element type, shape) of what the output
        handle leads to, or None.
        """
        self.handle_rule = rule
        return rule

    def known_value(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule, gives the outputs' values where shapes alone tell
        them.

        Each is an array, or None when it is not known.
        """
        self.known_value_rule = rule
        self.known_value_attrs = keyword_names(rule)
        return rule

    def known_sizes(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule, reads the output, a vector of sizes,
        as a partly known shape.
        """
        self.known_sizes_rule = rule
        return rule

    def gradient(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the gradient rule."""
        self.gradient_rule = rule
        return rule

    def no_gradient(self, reason: str) -> None:
        """Declare that no gradient flows through (TF's NotDifferentiable), and why."""
        self.no_gradient_reason = reason

    def missing_gradient(self, reason: str) -> None:
        """Declare that there is no gradient and asking for one is an error, and why.

        What TensorFlow does for operations about which nothing is declared.
        """
        self.missing_gradient_reason = reason

    def repeats(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they are in a run, gives the index of
        the argument that the only output equals; None when it computes something.
        """
        self.repeats_rule = rule
        self.repeats_attrs = keyword_names(rule)
        return rule

    def vectorized(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they are in a run, gives what
        `native.fusion` calls this function of the inputs; None when it has no name for it.
        """
        self.vector_rule = rule
        self.vector_attrs = keyword_names(rule)
        return rule

    def small(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they are in a run, gives the
        instruction for `native.bundles` to do the same on small arrays; None when there is none.
        """
        self.small_rule = rule
        self.small_attrs = keyword_names(rule)
        return rule

    def places(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they are in a run, gives which input
        the output is among zeros, and how many are before and after it in each dimension; or None.
        """
        self.placed_rule = rule
        self.placed_attrs = keyword_names(rule)
        return rule

    def cuts(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they are in a run, gives which input
        the outputs are pieces of, along which axis, and where each begins; or None.
        """
        self.cuts_rule = rule
        self.cuts_attrs = keyword_names(rule)
        return rule

    def reduces(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they are in a run, gives how the
        first input is reduced - what `native.fusion` calls it, the axes, whether they are kept - or
        None.
        """
        self.reduction_rule = rule
        self.reduction_attrs = keyword_names(rule)
        return rule

    def contents(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with, in front, what is known of the tensor array
        or stack behind the handle: `put(shape)` notes what is put in, `get()` gives the shape of
        an element, `length` is the number of elements or None.

        Returns a shape per output, or an array where the sizes tell the value; None to ask the
        shape rule.
        """
        self.contents_rule = rule
        self.contents_attrs = keyword_names(rule)
        return rule

    def by_table(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: how a fused operation is done when some of its inputs are looked up in small
        tables.

        Called with a builder of steps, inputs, attributes and, by input, what has `table`,
        `indices` and `swapped` (they are [B,T], not [T,B]). Returns the outputs, of the last step
        made; None where it does not pay.
        """
        self.by_table_rule = rule
        return rule

    def by_row(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: how sums of the output's rows come from sums of rows of the inputs.

        Called with a builder of steps, the inputs of each term of a sum of such outputs, and, by
        input, what an operation with the fact `_row_sums` gives for it. Returns the sums, and
        inputs and attributes in place of the output for the operation that `_bounded` names; None
        where sums of an input's rows are not there.
        """
        self.by_row_rule = rule
        return rule

    def parts(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the equations of an operation that does several things, as steps.

        Called with a builder of steps and the inputs. Returns the outputs, each made by a step of
        its own; None where sizes are not known that are needed.
        """
        self.parts_rule = rule
        self.parts_attrs = keyword_names(rule)
        return rule

    def in_one_call(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: a recurrent layer with the products of its inputs, or the gradient of such, as
        one step, where a device's library has it so; see `plan.one_call`.
        """
        self.in_one_call_rule = rule
        return rule

    def over_steps(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: how the operation is done for all iterations of a loop at once.

        Called with a builder of steps and, for each input, a value with `dims`, its sizes in one
        iteration, and `each`: whether it has an axis of iterations in front, or is the same in
        all. Returns the outputs, with an axis of iterations in front; None where that cannot be
        done.
        """
        self.over_steps_rule = rule
        self.over_steps_attrs = keyword_names(rule)
        return rule

    def total(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called as the rule of `over_steps`, gives the sum of the only output over all
        iterations.
        """
        self.total_rule = rule
        self.total_attrs = keyword_names(rule)
        return rule

    def flops(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: called like the shape rule with sizes as they were in a run and, in front, a
        list of the outputs' sizes, gives how many floating-point operations that takes.
        """
        self.flops_rule = rule
        self.flops_attrs = keyword_names(rule)
        return rule

    def on_device(self, *, host: str | tuple[str, ...] | None = None) -> Callable[..., Any]:
        """Decorator: the kernel on devices other than the CPU, where it is another.

        `host` are its inputs that are taken as Python values; those of the kernel if not given.
        """

        def register(kernel: Callable[..., Any]) -> Callable[..., Any]:
            self.device_kernel = kernel
            self.device_kernel_attrs = keyword_names(kernel)
            self.device_host = self.host if host is None else _names(host)
            return kernel

        return register

    def bind(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: given the attributes (dict), return the kernel to call on the inputs.

        For kernels that can do some of their work when the plan is made. None keeps the kernel.
        """
        self.bind_rule = rule
        return rule


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one step of a recurrent cell looks like, and its gradient: equations that
    `plan.match` reads.

    `forward` defines the `states` (the last one is found first) from those before, `<state>_prev`;
    `backward` the gradient of each affine sum `z`, `dz`, the `roots`. `outgoing` are terms of the
    gradients of the states before. `groups` are words for several operation types. `constants` are
    words that stand for numbers: these, or (None) whatever they are, as attributes of that name.

    `vectors` are words for further weights.
    `layer` and `gradient` write all steps of it down, see `ops.recurrent.layers`; `views` are the
    words whose values in all steps can be had from a layer, `gradient_views` from its gradient.
    Only states that are `outputs` get gradients from elsewhere in every step. `step`, where there
    is one, writes down a single step for one sequence, see `ops.recurrent.steps`. `accepts` tells
    whether attributes are such as the fused operations can have. `gates` are, by the sum that the
    fused operations take for them, words for parts of sums, in order; those `negated` are taken
    with the other sign. Sums of products with the state are of inputs as well, but for those that
    are `bare`. What is given out may be multiplied with a mask before it is the last of the states
    that the next step begins with, if the cell is `maskable` (see `plan.dropped`). `sums` are
    expressions of the gradient's words of which the rows of all steps are added up, with how the
    total can be had from the layer's gradient. `every` are words for what comes in at each step.
    """

    name: str
    states: tuple[str, ...]
    forward: str
    backward: str
    roots: tuple[str, ...]
    outgoing: dict[str, tuple[str, ...]]
    groups: dict[str, tuple[str, ...]]
    commutative: frozenset[str]
    attributes: dict[str, Any]
    constants: dict[str, float | None]
    vectors: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: Callable[..., Any]
    gradient: Callable[..., Any]
    views: dict[str, Callable[..., Any]]
    gradient_views: dict[str, Callable[..., Any]]
    step: Callable[..., Any] | None = None
    accepts: Callable[[dict[str, Any]], bool] | None = None
    gates: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    negated: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    maskable: bool = False
    sums: dict[str, Callable[..., Any]] = dataclasses.field(default_factory=dict)
    every: tuple[str, ...] = ()


CELLS: dict[str, Cell] = {}


def declare_cell(cell: Cell) -> None:
    """Let the planner know a recurrent cell."""
    if cell.name in CELLS:
        raise ValueError(f"cell {cell.name} is defined twice")
    CELLS[cell.name] = cell


OPS: dict[str, OpDef] = {}

# What the planner puts in place of several operations; no graph ever has a node of these types.
FUSED: dict[str, OpDef] = {}


def lookup(name: str) -> OpDef | None:
    """The operation of that type, None when there is none."""
    return OPS.get(name)


def _names(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


@functools.cache
def keyword_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The attributes a kernel or rule asks for: its keyword-only parameters."""
    # read off the code: `inspect.signature` would take a tenth of a second for all operations
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ()  # a builtin takes no attributes
    return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]


def _parse_args(text: str) -> tuple[Arg, ...]:
    return tuple(_parse_arg(item.strip()) for item in text.split(",") if item.strip())


def _parse_arg(item: str) -> Arg:
    match = _ITEM.match(item)
    if match is None:
        raise ValueError(f"cannot read {item!r} in an operation's signature")
    name, listed, number, ref, referred, plain = match.groups()
    if listed is not None:
        return Arg(name, list_attr=listed)
    kind, is_ref = referred or plain, ref is not None
    try:
        # a capital begins an attribute's name, though NumPy would know a type `U` or `D`
        dtype = None if kind[0].isupper() else dtypes.as_dtype(kind)
    except TypeError:
        dtype = None
    type_attr = kind if dtype is None else None
    return Arg(name, dtype, type_attr, number_attr=number, is_ref=is_ref)


def _parse_attr(value: Any) -> Attr:
    if isinstance(value, Attr):
        return value
    if isinstance(value, tuple):
        return Attr("type", allowed=value)
    kind = _KIND_OF_DEFAULT[type(value)]
    return Attr(kind, value.encode() if isinstance(value, str) else value)


def _implied_attrs(args: Iterable[Arg]) -> dict[str, Attr]:
    implied = {}
    for arg in args:
        if arg.number_attr:
            implied[arg.number_attr] = Attr("int", minimum=1)
        if arg.list_attr:
            implied[arg.list_attr] = Attr("list(type)", minimum=1)
    return implied


def op(name: str, signature: str, **facts: Any) -> Callable[[Callable[..., Any]], OpDef]:
    """Decorator that registers an operation type; see the module's docstring."""
    return _declared(OPS, name, signature, facts)


def fused(name: str, signature: str, **facts: Any) -> Callable[[Callable[..., Any]], OpDef]:
    """Decorator that declares what the planner may put in place of several operations.

    Written as an operation is, but it is no node of a graph: it has neither gradient nor shape
    rule.
    """
    return _declared(FUSED, name, signature, facts)


def _declared(
    table: dict[str, OpDef], name: str, signature: str, facts: dict[str, Any]
) -> Callable[[Callable[..., Any]], OpDef]:
    before, _, after = signature.partition("->")
    inputs, outputs = _parse_args(before), _parse_args(after)
    flags = {key[1:]: value for key, value in facts.items() if key[1:] in _FLAGS and key[0] == "_"}
    attrs = _implied_attrs((*inputs, *outputs))
    attrs.update((k, _parse_attr(v)) for k, v in facts.items() if k[1:] not in flags or k[0] != "_")

    def register(kernel: Callable[..., Any]) -> OpDef:
        if name in table:
            raise ValueError(f"operation type {name} is defined twice")
        table[name] = definition = OpDef(name, inputs, outputs, attrs, kernel, flags)
        return definition

    return register


def _same_shape(x: Any, *_: Any) -> list[Any]:
    return [x]


def elementwise(
    name: str,
    kernel: Callable[..., Any],
    types: tuple[DType, ...],
    gradient: Callable[..., Any] | str | None = None,
    **facts: Any,
) -> OpDef:
    """An element-wise function of one tensor, `x: T -> y: T`, in one row.

    `gradient` is the rule, or the reason why there is none.
    """
    definition = op(name, "x: T -> y: T", T=types, _elementwise=True, **facts)(kernel)
    definition.shape(_same_shape)
    return _with_gradient(definition, gradient)


def elementwise_binary(
    name: str,
    kernel: Callable[..., Any],
    types: tuple[DType, ...],
    gradient: Callable[..., Any] | str | None = None,
    **facts: Any,
) -> OpDef:
    """An element-wise function of two tensors that broadcast, `x: T, y: T -> z: T`, in one row."""
    definition = op(name, "x: T, y: T -> z: T", T=types, _elementwise=True, **facts)(kernel)
    definition.shape(_broadcast_shape)
    return _with_gradient(definition, gradient)


def comparison(
    name: str, kernel: Callable[..., Any], types: tuple[DType, ...], **facts: Any
) -> OpDef:
    """An element-wise comparison, `x: T, y: T -> z: bool`; no gradient flows through."""
    definition = op(name, "x: T, y: T -> z: bool", T=types, _elementwise=True, **facts)(kernel)
    definition.shape(_broadcast_shape)
    definition.no_gradient("a truth value does not vary smoothly")
    return definition


def after_gradient(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a gradient rule: none of its nodes is computed before the gradient has arrived.

    TF: most gradients of element-wise functions are built so, to save memory.
    """

    @functools.wraps(rule)
    def waiting(g: Any, op: Any, *grads: Any) -> Any:
        with g.control_dependencies([grads[0]]):
            return rule(g, op, *grads)

    return waiting


def _broadcast_shape(x: Any, y: Any) -> list[Any]:
    return [broadcast(x, y)]


def _with_gradient(definition: OpDef, gradient: Callable[..., Any] | str | None) -> OpDef:
    if isinstance(gradient, str):
        definition.no_gradient(gradient)
    elif gradient is not None:
        definition.gradient(gradient)
    return definition
