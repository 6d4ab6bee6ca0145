"""tf.train: optimizers, schedules, checkpoints and what drives training."""

from typing import Any as _Any

from tailrace.formats import protos as _protos
from tailrace.formats.checkpoint_state import (
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    remove_checkpoint,
    update_checkpoint_state,
)
from tailrace.library.checkpoint_utils import (
    NewCheckpointReader,
    checkpoints_iterator,
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from tailrace.library.coordinator import (
    Coordinator,
    LooperThread,
    QueueRunner,
    add_queue_runner,
    start_queue_runners,
)
from tailrace.library.file_ops import match_filenames_once
from tailrace.library.global_step import (
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    global_step,
)
from tailrace.library.graph_io import write_graph
from tailrace.library.input_pipeline import (
    batch,
    batch_join,
    input_producer,
    limit_epochs,
    maybe_batch,
    maybe_batch_join,
    maybe_shuffle_batch,
    maybe_shuffle_batch_join,
    range_input_producer,
    shuffle_batch,
    shuffle_batch_join,
    slice_input_producer,
    string_input_producer,
)
from tailrace.library.meta_graph_export import export_meta_graph
from tailrace.library.meta_graph_import import import_meta_graph
from tailrace.library.moving_averages import ExponentialMovingAverage
from tailrace.library.optimizers import (
    AdadeltaOptimizer,
    AdagradDAOptimizer,
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    Optimizer,
    ProximalAdagradOptimizer,
    ProximalGradientDescentOptimizer,
    RMSPropOptimizer,
)
from tailrace.library.saver import Saver
from tailrace.library.schedules import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    linear_cosine_decay,
    natural_exp_decay,
    noisy_linear_cosine_decay,
    piecewise_constant,
    piecewise_constant_decay,
    polynomial_decay,
)
from tailrace.library.summary_writer import FileWriterCache as SummaryWriterCache
from tailrace.library.summary_writer import summary_iterator
from tailrace.library.tracking.checkpoint import Checkpoint, CheckpointManager
from tailrace.library.training.hooks import (
    FeedFnHook,
    FinalOpsHook,
    GlobalStepWaiterHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    StepCounterHook,
    StopAtStepHook,
)
from tailrace.library.training.monitored import (
    ChiefSessionCreator,
    MonitoredSession,
    MonitoredTrainingSession,
    SessionCreator,
    SingularMonitoredSession,
    WorkerSessionCreator,
)
from tailrace.library.training.replica_devices import replica_device_setter
from tailrace.library.training.run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from tailrace.library.training.saving_hooks import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    ProfilerHook,
    SummarySaverHook,
)
from tailrace.library.training.scaffold import Scaffold
from tailrace.library.training.servers import ClusterSpec, Server
from tailrace.library.training.session_manager import SessionManager
from tailrace.library.training.supervisor import Supervisor, basic_train_loop
from tailrace.library.training.sync_replicas import SyncReplicasOptimizer
from tailrace.library.training.timers import SecondOrStepTimer
from tailrace.library.training.warm_start import warm_start
from tailrace.tf import _queue_runner as queue_runner

_MESSAGES = frozenset(
    {
        "BytesList",
        "ClusterDef",
        "Example",
        "Feature",
        "FeatureList",
        "FeatureLists",
        "Features",
        "FloatList",
        "Int64List",
        "JobDef",
        "SaverDef",
        "SequenceExample",
        "ServerDef",
    }
)


def __getattr__(name: str) -> _Any:
    """Protobuf messages are loaded on first use."""
    if name in _MESSAGES:
        return getattr(_protos, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
