"""Operations on variables and references as TensorFlow's raw_ops add them."""

import os
import tempfile

import numpy as np

START = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)
ROWS = np.array([[10.0, -1.0], [0.5, 20.0]], np.float32)


def _after(tf, var, step):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step)
        return sess.run(var)


def _scatter(tf, name):
    """Rows, then a number for all, written into a resource variable by one operation each."""
    found = {}
    for label, updates in (("rows", ROWS), ("number", 4.0)):
        var = tf.Variable(START, use_resource=True, name=label)
        step = getattr(tf.raw_ops, name)(
            resource=var.handle, indices=[2, 0], updates=tf.constant(updates)
        )
        found[label] = {"step": step, "after": _after(tf, var, step)}
    return found


def resource_scatter_sub(tf):
    return _scatter(tf, "ResourceScatterSub")


def resource_scatter_mul(tf):
    return _scatter(tf, "ResourceScatterMul")


def resource_scatter_div(tf):
    return _scatter(tf, "ResourceScatterDiv")


def resource_scatter_min(tf):
    return _scatter(tf, "ResourceScatterMin")


def resource_scatter_max(tf):
    return _scatter(tf, "ResourceScatterMax")


def resource_scatter_update(tf):
    return _scatter(tf, "ResourceScatterUpdate")


def _scatter_nd(tf, name):
    var = tf.Variable(START, use_resource=True, name="var")
    step = getattr(tf.raw_ops, name)(
        ref=var.handle, indices=[[2, 0], [0, 1]], updates=[100.0, -100.0]
    )
    return {"step": step, "after": _after(tf, var, step)}


def resource_scatter_nd_add(tf):
    return _scatter_nd(tf, "ResourceScatterNdAdd")


def resource_scatter_nd_sub(tf):
    return _scatter_nd(tf, "ResourceScatterNdSub")


def resource_scatter_nd_update(tf):
    return _scatter_nd(tf, "ResourceScatterNdUpdate")


def scatter_outside_error(tf):
    var = tf.Variable(START, use_resource=True)
    return {
        "step": tf.raw_ops.ResourceScatterUpdate(
            resource=var.handle, indices=[0, 3], updates=tf.constant(ROWS)
        )
    }


def destroyed(tf):
    var = tf.Variable(START, use_resource=True)
    step = tf.raw_ops.DestroyResourceOp(resource=var.handle)
    there = tf.raw_ops.VarIsInitializedOp(resource=var.handle)
    with tf.Session() as sess:
        sess.run(var.initializer)
        before = sess.run(there)
        sess.run(step)
        return {"before": bool(before), "after": bool(sess.run(there)), "step": step}


def destroyed_read_error(tf):
    var = tf.Variable(START, use_resource=True)
    with tf.Session() as sess:
        sess.run(var.initializer)
        sess.run(tf.raw_ops.DestroyResourceOp(resource=var.handle))
        return {"value": sess.run(var)}


def destroyed_twice_error(tf):
    var = tf.Variable(START, use_resource=True)
    step = tf.raw_ops.DestroyResourceOp(resource=var.handle, ignore_lookup_error=False)
    with tf.Session() as sess:
        sess.run(step)
    return {}


def temporary_variable(tf):
    ref = tf.raw_ops.TemporaryVariable(shape=[3, 2], dtype=tf.float32, var_name="sum")
    first = tf.assign(ref, START)
    second = tf.assign_add(first, START)
    total = tf.raw_ops.DestroyTemporaryVariable(ref=second, var_name="sum")
    return {"total": total, "static": str(ref.shape), "runs": 2}


def variable_of_old(tf):
    ref = tf.raw_ops.Variable(shape=[3, 2], dtype=tf.float32, shared_name="kept")
    start = tf.assign(ref, START)
    more = tf.assign_add(ref, START)
    with tf.Session() as sess:
        sess.run(start)
        sess.run(more)
        return {"value": sess.run(ref), "static": str(ref.shape), "dtype": ref.dtype.name}


def variable_of_old_without_shape(tf):
    ref = tf.raw_ops.Variable(shape=[], dtype=tf.float32)
    return {"static": str(ref.shape)}


def references_passed_on(tf):
    var = tf.Variable(START, name="var")
    other = tf.Variable(START + 1.0, name="other")
    same = tf.raw_ops.RefIdentity(input=var)
    chosen = tf.raw_ops.RefSelect(index=1, inputs=[var, other])
    write = tf.group(tf.assign_add(same, START), tf.assign(chosen, START * 2.0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(write)
        values = sess.run([var, other])
    return {"values": values, "grads": tf.gradients(same * same, var)}


def reference_that_stays_inside(tf):
    """A frame entered by a reference: the variable is changed in a loop written by hand."""
    var = tf.Variable(START, name="var")
    entered = tf.raw_ops.RefEnter(data=var, frame_name="frame", is_constant=False)
    merged, index = tf.raw_ops.RefMerge(inputs=[entered, entered])
    left = tf.raw_ops.RefExit(data=entered)
    following = tf.raw_ops.RefNextIteration(data=entered)
    kinds = [t.dtype.name for t in (entered, merged, index, left, following)]
    return {"kinds": kinds, "shapes": [str(t.shape) for t in (entered, merged, left, following)]}


def tensor_array_closed(tf):
    array = tf.TensorArray(tf.float32, 2).unstack([1.0, 2.0])
    total = tf.reduce_sum(array.stack())
    with tf.control_dependencies([total]):
        return {"total": total, "closed": array.close()}


def tensor_array_read_after_close_error(tf):
    array = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack([1.0, 2.0])
    with tf.control_dependencies([array.close()]):
        return {"x": array.read(0)}


def tensor_array_gradient_with_shape(tf):
    array = tf.TensorArray(tf.float32, 2, element_shape=[2]).unstack(START[:2])
    handle, flow = tf.raw_ops.TensorArrayGradWithShape(
        handle=array.handle, flow_in=array.flow, shape_to_prepend=[3], source="grad"
    )
    written = tf.raw_ops.TensorArrayWriteV3(handle=handle, index=0, value=START, flow_in=flow)
    read = tf.raw_ops.TensorArrayReadV3(handle=handle, index=0, flow_in=written, dtype=tf.float32)
    return {"read": read}


def stack_closed(tf):
    stack = tf.raw_ops.StackV2(max_size=3, elem_type=tf.float32)
    pushed = tf.raw_ops.StackPushV2(handle=stack, elem=START)
    with tf.control_dependencies([pushed]):
        popped = tf.raw_ops.StackPopV2(handle=stack, elem_type=tf.float32)
    with tf.control_dependencies([popped]):
        return {"popped": popped, "closed": tf.raw_ops.StackCloseV2(handle=stack)}


def old_checkpoints(tf):
    folder = tempfile.mkdtemp()
    path = tf.placeholder(tf.string, [])
    save = tf.raw_ops.Save(filename=path, tensor_names=["a", "b"], data=[START, ROWS])
    whole = tf.raw_ops.Restore(file_pattern=path, tensor_name="a", dt=tf.float32)
    part = tf.raw_ops.RestoreSlice(
        file_pattern=path, tensor_name="a", shape_and_slice="3 2 1,2:0,1", dt=tf.float32
    )
    feed = {path: os.path.join(folder, "model.ckpt")}
    with tf.Session() as sess:
        sess.run(save, feed)
        return {"whole": sess.run(whole, feed), "part": sess.run(part, feed)}


def old_checkpoint_missing_error(tf):
    path = os.path.join(tempfile.gettempdir(), "no-such-checkpoint")
    return {"x": tf.raw_ops.Restore(file_pattern=path, tensor_name="a", dt=tf.float32)}


def shards_of_checkpoints(tf):
    folder = tf.placeholder(tf.string, [])
    names = [tf.raw_ops.ShardedFilename(basename=folder, shard=i, num_shards=2) for i in range(2)]
    saves = [
        tf.raw_ops.SaveV2(
            prefix=name, tensor_names=["t%d" % i], shape_and_slices=[""], tensors=[START * (i + 1)]
        )
        for i, name in enumerate(names)
    ]
    pattern = tf.raw_ops.ShardedFilespec(basename=folder, num_shards=2)
    merge = tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=tf.stack(names), destination_prefix=folder
    )
    back = tf.raw_ops.RestoreV2(
        prefix=folder, tensor_names=["t0", "t1"], shape_and_slices=["", ""], dtypes=[tf.float32] * 2
    )
    place = tempfile.mkdtemp()
    feed = {folder: os.path.join(place, "model")}
    with tf.Session() as sess:
        found = [os.path.basename(name) for name in sess.run(names + [pattern], feed)]
        sess.run(saves, feed)
        sess.run(merge, feed)
        return {"names": found, "back": sess.run(back, feed), "files": sorted(os.listdir(place))}
