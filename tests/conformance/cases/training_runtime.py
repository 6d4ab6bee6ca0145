"""What drives training: monitored sessions, hooks, supervisors, scaffolds."""

import os
import shutil
import tempfile


class _Folder(object):
    """A folder that is there for as long as the case runs."""

    def __enter__(self):
        self.path = tempfile.mkdtemp()
        return self.path

    def __exit__(self, *exception):
        shutil.rmtree(self.path)


def _model(tf):
    """w goes toward 3; gives the training operation and the loss."""
    step = tf.train.get_or_create_global_step()
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    loss = tf.square(w - 3.0, name="loss")
    tf.summary.scalar("loss", loss)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)
    return train, loss, w, step


class _Notes(object):
    """A hook that notes what is called."""

    def __new__(cls, tf, notes, **options):
        class Hook(tf.train.SessionRunHook):
            def begin(self):
                notes.append("begin %s" % tf.get_default_graph().finalized)

            def after_create_session(self, session, coord):
                notes.append("created %s" % coord.should_stop())

            def before_run(self, run_context):
                notes.append("before %s" % type(run_context.original_args.fetches).__name__)
                return tf.train.SessionRunArgs(options.get("fetch"), options.get("feed"))

            def after_run(self, run_context, run_values):
                results = run_values.results
                notes.append("after %s" % (None if results is None else float(results)))
                if options.get("stop"):
                    run_context.request_stop()

            def end(self, session):
                notes.append("end")

        return Hook()


def _files(folder):
    """The names of files, without those parts that change."""
    return sorted("events" if "tfevents" in name else name for name in os.listdir(folder))


def _events(tf, folder):
    """What lies in the event files of a folder: kind, step and tags of summaries."""
    found = []
    for name in sorted(os.listdir(folder)):
        if "tfevents" not in name:
            continue
        for record in tf.python_io.tf_record_iterator(os.path.join(folder, name)):
            event = tf.Event.FromString(record)
            kind = event.WhichOneof("what")
            tags = [value.tag for value in event.summary.value]
            if kind == "session_log":
                tags = [event.session_log.status]
            found.append([kind, event.step] + tags)
    return found


# -- scaffolds and sessions ------------------------------------------------------------------------


def scaffold_nodes(tf):
    _model(tf)
    tf.get_variable("local", [2], collections=[tf.GraphKeys.LOCAL_VARIABLES], initializer=None)
    scaffold = tf.train.Scaffold()
    same = scaffold.finalize() is scaffold
    graph = tf.get_default_graph()
    keys = tf.GraphKeys
    collections = {
        key: [item.name for item in graph.get_collection(key)]
        for key in (
            keys.INIT_OP,
            keys.READY_OP,
            keys.READY_FOR_LOCAL_INIT_OP,
            keys.LOCAL_INIT_OP,
            keys.SUMMARY_OP,
        )
    }
    graph._unsafe_unfinalize()
    return {
        "same": same,
        "collections": collections,
        "saver": scaffold.saver.as_saver_def().SerializeToString(deterministic=True),
        "finalized": graph.finalized,
    }


def scaffold_of_nothing(tf):
    tf.constant(1, name="c")
    scaffold = tf.train.Scaffold().finalize()
    tf.get_default_graph()._unsafe_unfinalize()
    return {"summary": scaffold.summary_op is None, "init": scaffold.init_op.name}


def scaffold_given(tf):
    v = tf.Variable(1.0, name="v")
    init = tf.group(v.initializer, name="own_init")
    first = tf.train.Scaffold(init_op=init, ready_op=tf.constant([], tf.string, name="ready"))
    scaffold = tf.train.Scaffold(
        copy_from_scaffold=first,
        local_init_op=tf.no_op(name="own_local"),
        summary_op=tf.constant("s", name="own_summary"),
        init_feed_dict={},
    ).finalize()
    tf.get_default_graph()._unsafe_unfinalize()
    names = [scaffold.init_op.name, scaffold.ready_op.name, scaffold.local_init_op.name]
    return {"names": names, "fn": scaffold.init_fn is None}


def scaffold_of_two_inits_error(tf):
    tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.no_op())
    tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.no_op())
    return {"x": tf.train.Scaffold().finalize()}


def scaffold_copied_from_no_scaffold_error(tf):
    return {"x": tf.train.Scaffold(copy_from_scaffold=3)}


def scaffold_with_table(tf):
    table = tf.contrib.lookup.index_table_from_tensor(["a", "b"])
    ids = table.lookup(tf.constant(["b", "x"]))
    with tf.train.MonitoredSession() as session:
        values = session.run(ids)
    return {"values": values}


def init_function(tf):
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer())
    put = v.assign(7.0)
    scaffold = tf.train.Scaffold(init_fn=lambda scaffold, session: session.run(put))
    creator = tf.train.ChiefSessionCreator(scaffold)
    with tf.train.MonitoredSession(creator) as session:
        return {"value": session.run(v), "graph": session.graph is tf.get_default_graph()}


def monitored_session(tf):
    train, loss, w, step = _model(tf)
    notes = []
    hooks = [_Notes(tf, notes, fetch=loss), tf.train.StopAtStepHook(num_steps=3)]
    values = []
    with tf.train.MonitoredSession(hooks=hooks) as session:
        while not session.should_stop():
            values.append(session.run([train, w, step])[1])
    closed = session.should_stop()
    return {
        "values": values,
        "notes": notes,
        "finalized": tf.get_default_graph().finalized,
        "closed": [closed, session.graph is None],
    }


def singular_session(tf):
    train, loss, w, step = _model(tf)
    fed = tf.placeholder(tf.float32, [], name="fed")
    notes = []
    hook = _Notes(tf, notes, fetch=fed, feed={fed: 4.0}, stop=True)
    with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
        first = session.run({"w": w, "f": fed})
        stop = session.should_stop()
        raw = session.raw_session().run(w)
    return {"first": first, "stop": stop, "raw": raw, "notes": notes}


def run_after_stop_error(tf):
    train, loss, w, step = _model(tf)
    with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(last_step=1)]) as session:
        session.run(train)
        return {"x": session.run(train)}


def two_hooks_feed_one_error(tf):
    fed = tf.placeholder(tf.float32, [], name="fed")
    hooks = [tf.train.FeedFnHook(lambda: {fed: 1.0}), tf.train.FeedFnHook(lambda: {fed: 2.0})]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        return {"x": session.run(fed)}


def user_and_hook_feed_one_error(tf):
    fed = tf.placeholder(tf.float32, [], name="fed")
    with tf.train.MonitoredSession(hooks=[tf.train.FeedFnHook(lambda: {fed: 1.0})]) as session:
        return {"x": session.run(fed, {fed: 2.0})}


def feed_function(tf):
    fed = tf.placeholder(tf.float32, [], name="fed")
    other = tf.placeholder(tf.float32, [], name="other")
    total = fed + other
    counts = iter([1.0, 2.0])
    hooks = [tf.train.FeedFnHook(lambda: {fed: next(counts)})]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        values = [session.run(total, {other: 10.0}), session.run(total, {other: 20.0})]
    return {"values": values}


def step_function(tf):
    train, loss, w, step = _model(tf)

    def one_step(step_context):
        raw = step_context.session.run(w)
        both = step_context.run_with_hooks([train, w])
        return [raw, both[1]]

    def stopping(step_context):
        step_context.request_stop()

    with tf.train.MonitoredSession() as session:
        values = session.run_step_fn(one_step)
        session.run_step_fn(stopping)
        values.append("not reached")
    return {"values": values}


def step_function_of_other_arguments_error(tf):
    with tf.train.MonitoredSession() as session:
        return {"x": session.run_step_fn(lambda context: context)}


def end_of_data(tf):
    queue = tf.train.input_producer(tf.constant([1, 2, 3]), num_epochs=1, shuffle=False)
    value = queue.dequeue()
    found = []
    with tf.train.MonitoredTrainingSession() as session:
        while not session.should_stop():
            found.append(session.run(value))
    return {"found": found}


def failure_in_the_body_error(tf):
    _model(tf)
    with tf.train.MonitoredSession() as session:
        session.run(tf.GraphKeys.LOSSES + ":7")
    return {}


def recovers_from_a_lost_session(tf):
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer())
    more = v.assign_add(1.0)
    failures = [None, tf.errors.AbortedError(None, None, "gone"), None, None]
    sessions = []

    class Losing(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            sessions.append(len(failures))

        def before_run(self, run_context):
            failure = failures.pop(0)
            if failure is not None:
                raise failure

    with tf.train.MonitoredSession(hooks=[Losing()]) as session:
        values = [session.run(more), session.run(more), session.run(more)]
    return {"values": values, "sessions": sessions}


# -- hooks -----------------------------------------------------------------------------------------


def stop_at_step(tf):
    train, loss, w, step = _model(tf)
    values = []
    for hook in (tf.train.StopAtStepHook(num_steps=2), tf.train.StopAtStepHook(last_step=5)):
        count = 0
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            while not session.should_stop():
                session.run(train)
                count += 1
        values.append(count)
    return {"values": values, "read": tf.get_collection("global_step_read_op_cache")[0].name}


def stop_without_step_error(tf):
    tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(num_steps=2)])
    return {}


def stop_twice_told_error(tf):
    return {"x": tf.train.StopAtStepHook(num_steps=2, last_step=3)}


def final_operations(tf):
    train, loss, w, step = _model(tf)
    fed = tf.placeholder(tf.float32, [], name="fed")
    total = w + fed
    hook = tf.train.FinalOpsHook([total, step], {fed: 100.0})
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        before = hook.final_ops_values
        session.run(train)
    return {"before": before, "values": hook.final_ops_values}


def nan_loss_error(tf):
    loss = tf.constant(float("nan"))
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(loss)]) as session:
        session.run(tf.constant(1))
    return {}


def nan_loss_stops(tf):
    loss = tf.log(tf.constant(-1.0))
    hook = tf.train.NanTensorHook(loss, fail_on_nan_loss=False)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        session.run(loss)
        return {"stops": session.should_stop(), "text": str(tf.train.NanLossDuringTrainingError())}


def logged(tf):
    """What the logging hook hands to its formatter."""
    train, loss, w, step = _model(tf)
    found = []

    def text(values):
        found.append({key: float(values[key]) for key in values})
        return ""

    hooks = [
        tf.train.LoggingTensorHook({"l": loss, "w": "w/read"}, every_n_iter=2, formatter=text),
        tf.train.LoggingTensorHook(["w:0"], at_end=True, formatter=text),
    ]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(4):
            session.run(train)
    return {"found": found}


def logged_when_error(tf):
    return {"x": tf.train.LoggingTensorHook(["w"], every_n_iter=1, every_n_secs=2)}


def logged_of_another_graph_error(tf):
    with tf.Graph().as_default():
        other = tf.constant(1)
    tf.train.MonitoredSession(hooks=[tf.train.LoggingTensorHook([other], every_n_iter=1)])
    return {}


def timer(tf):
    timer = tf.train.SecondOrStepTimer(every_steps=3)
    found = []
    for step in (0, 0, 1, 3, 4, 5, 6, 9):
        due = timer.should_trigger_for_step(step)
        steps = timer.update_last_triggered_step(step)[1] if due else None
        found.append([step, due, steps, timer.last_triggered_step()])
    timer.reset()
    found.append([timer.should_trigger_for_step(9), timer.last_triggered_step()])
    return {"found": found}


def timer_without_anything_error(tf):
    return {"x": tf.train.SecondOrStepTimer()}


def checkpoints_of_a_hook(tf):
    train, loss, w, step = _model(tf)
    notes = []

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            notes.append("begin")

        def before_save(self, session, global_step_value):
            notes.append(["before", int(global_step_value), float(session.run(w))])

        def after_save(self, session, global_step_value):
            notes.append(["after", int(global_step_value)])
            return global_step_value >= 4

        def end(self, session, global_step_value):
            notes.append(["end", int(global_step_value)])

    with _Folder() as folder:
        hook = tf.train.CheckpointSaverHook(
            folder, save_steps=2, saver=tf.train.Saver(), listeners=[Listener()]
        )
        count = 0
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            while not session.should_stop():
                session.run(train)
                count += 1
        files = _files(folder)
        tf.summary.FileWriterCache.clear()
        events = _events(tf, folder)
        values = [name for name, _ in tf.train.list_variables(folder)]
    return {"notes": notes, "files": files, "events": events, "values": values, "count": count}


def checkpoint_hook_without_saver_error(tf):
    _model(tf)
    with _Folder() as folder:
        hook = tf.train.CheckpointSaverHook(folder, save_steps=2)
        tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver())
        tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver())
        creator = tf.train.ChiefSessionCreator(tf.train.Scaffold(saver=tf.train.Saver()))
        tf.train.MonitoredSession(creator, hooks=[hook])
    return {}


def summaries_of_a_hook(tf):
    train, loss, w, step = _model(tf)
    merged = tf.summary.merge_all()
    with _Folder() as folder:
        hook = tf.train.SummarySaverHook(save_steps=2, output_dir=folder, summary_op=merged)
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            for _ in range(5):
                session.run(train)
        tf.summary.FileWriterCache.clear()
        events = _events(tf, folder)
    return {"events": events}


def summaries_of_nothing_error(tf):
    return {"x": tf.train.SummarySaverHook(save_steps=1)}


def steps_per_second(tf):
    train, loss, w, step = _model(tf)
    with _Folder() as folder:
        hook = tf.train.StepCounterHook(every_n_steps=2, output_dir=folder)
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            for _ in range(6):
                session.run(train)
        tf.summary.FileWriterCache.clear()
        events = _events(tf, folder)
    return {"events": events}


def waits_for_a_step(tf):
    train, loss, w, step = _model(tf)
    hook = tf.train.GlobalStepWaiterHook(0)
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        session.run(train)
        return {"step": session.run(step)}


def traces_of_a_hook(tf):
    train, loss, w, step = _model(tf)
    import json

    with _Folder() as folder:
        hook = tf.train.ProfilerHook(save_steps=2, output_dir=folder)
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            for _ in range(4):
                session.run(train)
        tf.summary.FileWriterCache.clear()
        files = [name for name in _files(folder) if name.startswith("timeline")]
        with open(os.path.join(folder, files[0])) as file:
            trace = json.load(file)
        kinds = sorted({event["ph"] for event in trace["traceEvents"]} & {"X", "M"})
    return {"files": files, "keys": sorted(trace), "kinds": kinds}


# -- monitored training ----------------------------------------------------------------------------


def training_session_with_folder(tf):
    train, loss, w, step = _model(tf)
    values = []
    with _Folder() as folder:
        for last in (3, 5):
            hooks = [tf.train.StopAtStepHook(last_step=last)]
            with tf.train.MonitoredTrainingSession(
                checkpoint_dir=folder,
                hooks=hooks,
                save_checkpoint_steps=2,
                save_summaries_steps=1,
                log_step_count_steps=2,
            ) as session:
                while not session.should_stop():
                    values.append(session.run([train, w, step])[1])
        tf.summary.FileWriterCache.clear()
        files = [name for name in _files(folder) if name != "events"]
        events = [event for event in _events(tf, folder) if event[0] != "meta_graph_def"]
        latest = os.path.basename(tf.train.latest_checkpoint(folder))
    return {"values": values, "files": files, "latest": latest, "events": events}


def training_session_without_folder(tf):
    train, loss, w, step = _model(tf)
    with tf.train.MonitoredTrainingSession(config=tf.ConfigProto()) as session:
        values = [session.run([train, w])[1] for _ in range(2)]
    return {"values": values}


def restored_by_path(tf):
    train, loss, w, step = _model(tf)
    saver = tf.train.Saver()
    with _Folder() as folder:
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(train)
            path = saver.save(session, os.path.join(folder, "model"))
        with tf.train.SingularMonitoredSession(checkpoint_filename_with_path=path) as session:
            values = session.run([w, step])
    return {"values": values}


# -- session managers ------------------------------------------------------------------------------


def prepared_session(tf):
    v = tf.get_variable("v", [], initializer=tf.ones_initializer())
    local = tf.get_variable(
        "l", [], initializer=tf.zeros_initializer(), collections=[tf.GraphKeys.LOCAL_VARIABLES]
    )
    manager = tf.train.SessionManager(
        local_init_op=tf.local_variables_initializer(),
        ready_op=tf.report_uninitialized_variables(),
        ready_for_local_init_op=tf.report_uninitialized_variables(tf.global_variables()),
    )
    fed = tf.placeholder(tf.float32, [], name="fed")
    put = v.assign(fed)
    session = manager.prepare_session("", init_op=put, init_feed_dict={fed: 5.0})
    values = session.run([v, local])
    recovered, found = manager.recover_session("")
    return {"values": values, "recovered": found}


def session_that_is_not_ready_error(tf):
    tf.get_variable("v", [], initializer=tf.ones_initializer())
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
    return {"x": manager.prepare_session("", init_op=tf.no_op())}


def session_without_initializer_error(tf):
    tf.get_variable("v", [], initializer=tf.ones_initializer())
    return {"x": tf.train.SessionManager().prepare_session("")}


def session_that_nobody_initializes_error(tf):
    tf.get_variable("v", [], initializer=tf.ones_initializer())
    manager = tf.train.SessionManager(
        ready_op=tf.report_uninitialized_variables(), recovery_wait_secs=1
    )
    return {"x": manager.wait_for_session("", max_wait_secs=0)}


def local_check_without_local_operation_error(tf):
    return {"x": tf.train.SessionManager(ready_for_local_init_op=tf.no_op())}


def ready_by_assertion(tf):
    v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
    manager = tf.train.SessionManager(ready_op=tf.assert_variables_initialized())
    session = manager.prepare_session("", init_op=tf.global_variables_initializer())
    return {"v": session.run(v)}


# -- supervisors -----------------------------------------------------------------------------------


def supervisor(tf):
    train, loss, w, step = _model(tf)
    with _Folder() as folder:
        with tf.Graph().as_default():  # the supervisor's is the one it is given
            sv = tf.train.Supervisor(graph=w.graph, logdir=folder, save_model_secs=0)
        names = [sv.init_op.name, sv.ready_op.name, sv.summary_op.name]
        with sv.managed_session() as session:
            values = [session.run([train, w])[1] for _ in range(3)]
            sv.saver.save(session, sv.save_path, global_step=sv.global_step)
            sv.summary_computed(session, session.run(sv.summary_op))
        files = _files(folder)
        with sv.managed_session() as session:
            values.append(session.run(w))
        kinds = [event[0] for event in _events(tf, folder)]
    w.graph._unsafe_unfinalize()
    return {
        "names": names,
        "values": values,
        "files": files,
        "kinds": sorted({kind for kind in kinds if kind}),
        "path": os.path.basename(sv.save_path),
        "ready_local": sv.ready_for_local_init_op is None,
        "step": sv.global_step.name,
    }


def supervisor_without_folder(tf):
    train, loss, w, step = _model(tf)
    sv = tf.train.Supervisor(summary_op=None)
    with sv.managed_session() as session:
        values = []
        while not sv.should_stop():
            values.append(session.run([train, w])[1])
            if len(values) == 3:
                sv.request_stop()
    tf.get_default_graph()._unsafe_unfinalize()
    return {"values": values, "chief": sv.is_chief, "path": sv.save_path}


def supervisor_with_queue(tf):
    queue = tf.train.input_producer(tf.constant([1.0, 2.0]), num_epochs=2, shuffle=False)
    value = queue.dequeue()
    sv = tf.train.Supervisor()
    found = []
    with sv.managed_session() as session:
        while not sv.should_stop():
            found.append(session.run(value))
    tf.get_default_graph()._unsafe_unfinalize()
    return {"found": found}


def supervisor_body_fails_error(tf):
    _model(tf)
    sv = tf.train.Supervisor()
    with sv.managed_session():
        raise KeyError("the body's")


def supervisor_loop(tf):
    _model(tf)
    sv = tf.train.Supervisor(summary_op=None)
    calls = []

    def call(item, last):
        calls.append(item)
        if len(calls) == last:
            sv.request_stop()

    with sv.managed_session() as session:
        thread = sv.loop(0.01, call, args=("x",), kwargs={"last": 3})
        sv.wait_for_stop()
        sv.stop([thread])
        del session
    tf.get_default_graph()._unsafe_unfinalize()
    return {"calls": calls}


def basic_loop(tf):
    train, loss, w, step = _model(tf)
    sv = tf.train.Supervisor()
    values = []

    def one(session, stop_at):
        values.append(session.run([train, w])[1])
        if len(values) >= stop_at:
            sv.request_stop()

    tf.train.basic_train_loop(sv, one, args=(4,))
    tf.get_default_graph()._unsafe_unfinalize()
    return {"values": values}


# -- servers ---------------------------------------------------------------------------------------


def cluster_names(tf):
    spec = tf.train.ClusterSpec({"ps": ["a:1", "b:2"], "worker": {1: "c:3", 3: "d:4"}})
    return {
        "jobs": sorted(spec.jobs),
        "dict": str(sorted(spec.as_dict().items())),
        "proto": [[job.name, sorted(job.tasks.items())] for job in spec.as_cluster_def().job],
        "tasks": [spec.num_tasks("ps"), spec.task_indices("worker"), spec.job_tasks("worker")],
        "address": spec.task_address("worker", 3),
        "same": tf.train.ClusterSpec(spec.as_cluster_def()) == spec,
        "empty": bool(tf.train.ClusterSpec({})),
    }


def cluster_of_a_list_error(tf):
    return {"x": tf.train.ClusterSpec(["a:1"])}


def unknown_job_error(tf):
    return {"x": tf.train.ClusterSpec({"ps": ["a:1"]}).num_tasks("worker")}


def local_server(tf):
    v = tf.get_variable("v", [], initializer=tf.ones_initializer())
    server = tf.train.Server.create_local_server()
    with tf.train.MonitoredTrainingSession(master=server.target) as session:
        return {"v": session.run(v), "target": server.target[:7]}


# -- training operations ---------------------------------------------------------------------------


def _regression(tf):
    """A small model with a batch normalization, whose updates are collected."""
    slim = tf.contrib.slim
    tf.set_random_seed(3)
    x = tf.constant([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]])
    hidden = slim.fully_connected(x, 3, scope="hidden")
    out = slim.fully_connected(hidden, 1, activation_fn=None, scope="out")
    loss = tf.losses.mean_squared_error(tf.constant([[1.0], [2.0], [3.0]]), out)
    return loss


def _with_update(tf):
    counter = tf.get_variable("counter", [], initializer=tf.zeros_initializer(), trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, counter.assign_add(1.0))
    return counter


def slim_train_op(tf):
    slim = tf.contrib.slim
    _regression(tf)
    total = tf.losses.get_total_loss()
    counter = _with_update(tf)
    train_op = slim.learning.create_train_op(
        total,
        tf.train.GradientDescentOptimizer(0.1),
        clip_gradient_norm=0.5,
        gradient_multipliers={"hidden/weights": 2.0, "out/biases": 0.5},
        summarize_gradients=True,
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run(train_op) for _ in range(3)]
        count = session.run(counter)
    collected = [t.name for t in tf.get_collection(tf.GraphKeys.TRAIN_OP)]
    return {"losses": losses, "count": count, "collected": collected}


def contrib_train_op(tf):
    training = tf.contrib.training
    loss = _regression(tf)
    train_op = training.create_train_op(
        loss,
        tf.train.MomentumOptimizer(0.05, 0.9),
        variables_to_train=tf.trainable_variables("out"),
        transform_grads_fn=training.clip_gradient_norms_fn(1.0),
        check_numerics=False,
        global_step=None,
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run(train_op) for _ in range(3)]
    return {"losses": losses}


def gradients_of_rows(tf):
    training = tf.contrib.training
    table = tf.get_variable("table", [4, 2], initializer=tf.ones_initializer())
    loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [1, 3, 1]))
    pairs = tf.train.GradientDescentOptimizer(1.0).compute_gradients(loss)
    pairs = training.multiply_gradients(pairs, {table: 3.0})
    pairs = training.clip_gradient_norms(pairs, 2.0)
    training.add_gradients_summaries(pairs)
    tf.contrib.slim.learning.add_gradients_summaries(pairs)
    return {"gradient": pairs[0][0]}


def multiplied_by_nothing_error(tf):
    return {"x": tf.contrib.training.multiply_gradients([], {})}


def loss_is_not_a_number_error(tf):
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    train_op = tf.contrib.slim.learning.create_train_op(
        tf.log(w - 1.0), tf.train.GradientDescentOptimizer(0.1)
    )
    return {"x": train_op}


def slim_training(tf):
    slim = tf.contrib.slim
    loss = _regression(tf)
    tf.summary.scalar("the_loss", loss)
    counter = _with_update(tf)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.05))
    with _Folder() as folder:
        final = slim.learning.train(
            train_op, folder, number_of_steps=5, log_every_n_steps=100, save_interval_secs=0
        )
        path = tf.train.latest_checkpoint(folder)
        names = [name for name, _ in tf.train.list_variables(path)]
        files = _files(folder)
        tf.get_default_graph()._unsafe_unfinalize()
        again = slim.learning.train(train_op, folder, number_of_steps=7, trace_every_n_steps=6)
        traces = [name for name in _files(folder) if "trace" in name]
    tf.get_default_graph()._unsafe_unfinalize()
    del counter
    return {
        "final": final,
        "latest": os.path.basename(path),
        "names": names,
        "files": files,
        "again": again,
        "traces": traces,
    }


def slim_training_without_folder(tf):
    slim = tf.contrib.slim
    train_op = slim.learning.create_train_op(
        _regression(tf), tf.train.GradientDescentOptimizer(0.05)
    )
    calls = []

    def step(session, *arguments):
        calls.append(len(arguments))
        return slim.learning.train_step(session, *arguments)

    final = slim.learning.train(train_op, None, step, number_of_steps=3)
    tf.get_default_graph()._unsafe_unfinalize()
    return {"final": final, "calls": calls}


def slim_training_for_no_steps_error(tf):
    loss = tf.constant(1.0)
    return {"x": tf.contrib.slim.learning.train(loss, None, number_of_steps=0)}


def slim_saver_without_folder_error(tf):
    v = tf.Variable(1.0)
    return {"x": tf.contrib.slim.learning.train(v.read_value(), None, saver=tf.train.Saver())}


def contrib_training(tf):
    training = tf.contrib.training
    train_op = training.create_train_op(_regression(tf), tf.train.GradientDescentOptimizer(0.05))
    with _Folder() as folder:
        final = training.train(train_op, folder, hooks=[tf.train.StopAtStepHook(num_steps=3)])
        tf.summary.FileWriterCache.clear()
        latest = os.path.basename(tf.train.latest_checkpoint(folder))
    return {"final": final, "latest": latest}


def contrib_training_without_folder_error(tf):
    return {"x": tf.contrib.training.train(tf.constant(1.0), None)}


def _checkpoint(tf, folder):
    """A checkpoint with w = 2 at step 4, and the variables."""
    step = tf.train.get_or_create_global_step()
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([w.assign(2.0), step.assign(4)])
        path = saver.save(session, os.path.join(folder, "model"), global_step=4)
    return w, path


def slim_evaluation(tf):
    slim = tf.contrib.slim
    with _Folder() as folder, _Folder() as logs:
        w, path = _checkpoint(tf, folder)
        mean, update = tf.metrics.mean(w * tf.constant([1.0, 3.0]))
        tf.summary.scalar("mean", mean)
        first = slim.evaluation.evaluate_once(
            "", path, logs, num_evals=3, eval_op=update, final_op=[mean, w]
        )
        tf.summary.FileWriterCache.clear()
        events = _events(tf, logs)
    return {"first": first, "events": [event for event in events if len(event) > 2]}


def evaluation_of_new_checkpoints(tf):
    training = tf.contrib.training
    with _Folder() as folder:
        w, path = _checkpoint(tf, folder)
        fed = tf.placeholder(tf.float32, [], name="fed")
        final = training.evaluate_repeatedly(
            folder,
            eval_ops={"w": w + fed},
            feed_dict={fed: 1.0},
            final_ops=w * fed,
            final_ops_feed_dict={fed: 5.0},
            hooks=[training.StopAfterNEvalsHook(2)],
            max_number_of_evaluations=1,
        )
        late = training.wait_for_new_checkpoint(folder, path, seconds_to_sleep=0.01, timeout=0.02)
    step = training.get_or_create_eval_step()
    return {"final": final, "late": late is None, "step": step.name}


def evaluation_without_operations(tf):
    with _Folder() as folder:
        w, path = _checkpoint(tf, folder)
        final = tf.contrib.training.evaluate_once(path, final_ops={"w": w})
    return {"final": final}


def summaries_at_the_end_of_nothing_error(tf):
    return {"x": tf.contrib.training.SummaryAtEndHook()}


def hyper_parameters(tf):
    hparams = tf.contrib.training.HParams(rate=0.1, units=[64, 32], act="relu", flag=False, n=3)
    before = str(sorted(str(hparams).split(",rate")[0][:3])), repr(hparams)
    hparams.parse("rate=0.5,units=[1, 2],flag=true,act=tanh")
    hparams.set_hparam("n", 7)
    hparams.override_from_dict({"rate": 2})
    hparams.add_hparam("late", "x")
    hparams.del_hparam("flag")
    other = tf.contrib.training.HParams.from_proto(hparams.to_proto())
    hparams.parse_json('{"n": 9}')
    return {
        "before": before[1],
        "values": [hparams.rate, hparams.units, hparams.act, hparams.n, hparams.late],
        "json": hparams.to_json(sort_keys=True),
        "has": ["n" in hparams, "flag" in hparams, hparams.get("n", 3), hparams.get("zz", 4)],
        "other": repr(other),
        "structure": hparams.get_model_structure() is None,
        "parsed": sorted(
            tf.contrib.training.parse_values(
                "a=1,b[2]=x,b[0]=y,c=[0.5],d=0", {"a": int, "b": str, "c": float, "d": bool}
            )
        ),
    }


def hyper_parameter_of_another_type_error(tf):
    return {"x": tf.contrib.training.HParams(n=3).set_hparam("n", 1.5)}


def hyper_parameter_unknown_error(tf):
    return {"x": tf.contrib.training.HParams(n=3).parse("m=1")}


def hyper_parameter_twice_error(tf):
    return {"x": tf.contrib.training.HParams(n=3).parse("n=1,n=2")}


def hyper_parameter_malformed_error(tf):
    return {"x": tf.contrib.training.HParams(n=3).parse("n:1")}


def hyper_parameter_no_number_error(tf):
    return {"x": tf.contrib.training.HParams(n=3).parse("n=x")}


def hyper_parameter_empty_error(tf):
    return {"x": tf.contrib.training.HParams(n=[])}


def hyper_parameter_default_error(tf):
    return {"x": tf.contrib.training.HParams(n=3).get("n", "text")}


# -- devices of a cluster --------------------------------------------------------------------------


def variables_on_servers(tf):
    with tf.device(tf.train.replica_device_setter(ps_tasks=2)):
        first = tf.Variable(1.0, name="first")
        second = tf.get_variable("second", [2], use_resource=True)
        total = first + second
        third = tf.get_variable("third", [])
        with tf.device("/gpu:1"):
            inner = tf.get_variable("inner", [])
        queue = tf.FIFOQueue(1, tf.float32)
        table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, 0)
    ops = [first.op, second.op, third.op, inner.op, queue.queue_ref.op, table.resource_handle.op]
    return {"devices": [op.device for op in ops + [total.op]]}


def variables_on_servers_of_a_cluster(tf):
    cluster = tf.train.ClusterSpec({"ps": ["a:1", "b:1"], "worker": ["c:1"]})
    setter = tf.train.replica_device_setter(
        cluster=cluster,
        worker_device="/job:worker/task:0/cpu:0",
        ps_ops=["VariableV2", "Const"],
        ps_strategy=lambda op: 1,
    )
    with tf.device(setter):
        v = tf.Variable(1.0, name="v")
        total = v * 2.0
    nothing = tf.train.replica_device_setter(cluster={"worker": ["c:1"]})
    return {"devices": [v.op.device, total.op.device], "nothing": nothing is None}


def strategy_that_is_none_error(tf):
    return {"x": tf.train.replica_device_setter(ps_tasks=1, ps_strategy=3)}


def events_of_a_file(tf):
    with _Folder() as folder:
        with tf.summary.FileWriter(folder) as writer:
            value = tf.Summary.Value(tag="t", simple_value=2.5)
            writer.add_summary(tf.Summary(value=[value]), 3)
        path = os.path.join(folder, os.listdir(folder)[0])
        found = [
            [event.step, [v.simple_value for v in event.summary.value]]
            for event in tf.train.summary_iterator(path)
        ]
    return {"found": found}


# -- warm starts -----------------------------------------------------------------------------------


def _old_model(tf, folder):
    """A checkpoint with a = [1, 2] and b = 3, in a graph of its own."""
    with tf.Graph().as_default():
        tf.get_variable("a", initializer=[1.0, 2.0])
        tf.get_variable("scope/b", initializer=3.0)
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return saver.save(session, os.path.join(folder, "old"))


def _started(tf, *arguments, **options):
    """The values of a = 0, c = 0 after a warm start; the graph has paths and is thrown away."""
    with _Folder() as folder:
        path = _old_model(tf, folder)
        a = tf.get_variable("a", [2], initializer=tf.zeros_initializer())
        c = tf.get_variable("c", [], initializer=tf.zeros_initializer(), trainable=False)
        tf.train.warm_start(folder if options.pop("folder", False) else path, *arguments, **options)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = session.run([a, c])
    nodes = [node.name for node in a.graph.as_graph_def().node]
    tf.reset_default_graph()
    return {"values": values, "nodes": nodes}


def warm_start_of_trainable_variables(tf):
    return _started(tf)


def warm_start_of_renamed_variables(tf):
    return _started(tf, ["a", "c"], var_name_to_prev_var_name={"c": "scope/b"}, folder=True)


def warm_start_of_nothing(tf):
    return _started(tf, "zz")


def warm_start_without_the_variable_error(tf):
    return _started(tf, ["c"])


def warm_start_of_unused_name_error(tf):
    return _started(tf, var_name_to_prev_var_name={"zz": "scope/b"})


def warm_start_of_a_number_error(tf):
    return _started(tf, 3)
