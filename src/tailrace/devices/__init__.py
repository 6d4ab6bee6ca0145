"""The devices that a session computes on: which there are, and which one an operation asks for.

There is one `/device:CPU:0`, the host, and one `/device:GPU:i` for each CUDA device that PyTorch
sees, less what `ConfigProto` hides. Where there is no GPU, none of what follows is done, and plans
are what they always were.

**Placement** (`plan.place`) is a pass of the planner. A step goes to a GPU when there is one, its
kernel can (`OpDef.host_only` says which cannot: strings, files, Python's functions, NumPy), and it
computes with floating-point numbers; what has none, as sizes and counters, is done where its
inputs are, mostly on the host, where TensorFlow keeps int32 too. `tf.device` decides otherwise. A
variable lives where its own node is placed, and what reads or writes it goes there. A copy from
one device to another is a step of the plan (`ops.transfer`): made once for a value and a device,
gone after its last use. What is fed and fetched is the host's.

**Kernels** are the same functions of torch tensors on every device; `OpDef.on_device` gives another
where the usual one calls our CPU library or takes as Python's numbers what a device has. Layers of
LSTMs and plain cells are cuDNN's where nobody asks for what it keeps to itself (`plan.one_call`);
GRUs are not: cuDNN resets the state after its product, TensorFlow before. Steps of other LSTMs are
ATen's fused cells. The passes that put several steps into one native call leave a GPU's steps
alone.

**Recording** (`plan.segments`, `devices.recording`): steps in a row on one device whose sizes are
known and that need nothing from the host are one segment; after some runs as usual it is recorded,
as a CUDA graph, and replayed. Inputs are then copied to where the recording reads them; variables
must stay where they are in memory, or it is recorded anew. `TAILRACE_RECORD=0` switches this off.
Nothing of this has been run on a GPU yet; `docs/gpu.md` says what is tested, and how.

**Random numbers** are drawn on the host, by the code that draws TensorFlow's, and copied; many
uniform or normal ones are computed on the device (`native.device_random`).

`machine` finds the devices, `available` applies a `ConfigProto` and names, `recording` records.
"""

from tailrace.devices.available import (
    Devices,
    get_log_device_placement,
    get_soft_device_placement,
    set_log_device_placement,
    set_soft_device_placement,
)
from tailrace.devices.copies import to_host
from tailrace.devices.machine import Device, accelerators, host

__all__ = [
    "Device",
    "Devices",
    "accelerators",
    "get_log_device_placement",
    "get_soft_device_placement",
    "host",
    "set_log_device_placement",
    "set_soft_device_placement",
    "to_host",
]
