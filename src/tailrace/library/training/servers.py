"""`tf.train.Server` and `ClusterSpec`: a server within this process, and the names of others.

A server with one task runs its sessions in this process. There is no cluster of processes.

Source: TF 1.15 python/training/server_lib.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.errors import InvalidArgumentError
from tailrace.formats import protos

_NO_CLUSTER = (
    "Tailrace runs a server's sessions within this process, so a cluster can have only one task, "
    "but {what}. Train in one process; or run a process per worker with torchrun and average "
    "gradients by torch.distributed (tf.py_func reaches it from a graph)."
)


class ClusterSpec:
    """The addresses of a cluster's tasks, by job: {"ps": ["host:port"], "worker": [...]}.

    A job is a list of addresses, or a dict from the tasks' numbers to them.

    Raises: TypeError for anything else.
    """

    def __init__(self, cluster: Any) -> None:
        if isinstance(cluster, ClusterSpec):
            cluster = cluster.as_cluster_def()
        if isinstance(cluster, protos.ClusterDef):
            cluster = {job.name: dict(job.tasks) for job in cluster.job}
        if not isinstance(cluster, dict):
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network "
                "addresses, or a `ClusterDef` protocol buffer"
            )
        self._tasks = {str(job): _tasks_of(job, cluster[job]) for job in cluster}

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._tasks == other._tasks

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        listed = ", ".join(f"{job!r}: {self.job_tasks(job)!r}" for job in self.jobs)
        return f"ClusterSpec({{{listed}}})"

    def as_dict(self) -> dict[str, Any]:
        """Job -> addresses: a list where tasks are numbered without gaps, else a dict."""
        dense = {job: list(tasks) == list(range(len(tasks))) for job, tasks in self._tasks.items()}
        return {
            job: list(tasks.values()) if dense[job] else dict(tasks)
            for job, tasks in self._tasks.items()
        }

    def as_cluster_def(self) -> Any:
        """The ClusterDef proto."""
        result = protos.ClusterDef()
        for job in sorted(self._tasks):
            entry = result.job.add(name=job)
            for index, address in self._tasks[job].items():
                entry.tasks[index] = address
        return result

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._tasks)

    def _job(self, job_name: str) -> dict[int, str]:
        if job_name not in self._tasks:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._tasks[job_name]

    def num_tasks(self, job_name: str) -> int:
        """The number of a job's tasks. Raises: ValueError for an unknown job."""
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The numbers of a job's tasks. Raises: ValueError for an unknown job."""
        return list(self._job(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task. Raises: ValueError for an unknown one."""
        tasks = self._job(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks, None where a number is missing.

        Raises: ValueError for an unknown job.
        """
        tasks = self._job(job_name)
        return [tasks.get(index) for index in range(max(tasks, default=-1) + 1)]


def _tasks_of(job: Any, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, (list, tuple)):
        tasks = dict(enumerate(tasks))
    if not isinstance(tasks, dict):
        raise TypeError(f"The tasks for job {job!r} must be a list or dictionary of addresses.")
    for index, address in tasks.items():
        if not isinstance(index, int) or not isinstance(address, str):
            raise TypeError(f"Task {index!r} of job {job!r}: {address!r} is no address")
    return dict(sorted(tasks.items()))


class Server:
    """A server of one task, whose sessions run in this process.

    Raises: InvalidArgumentError for a task that the cluster lacks, NotImplementedError for a
    cluster of several tasks.
    """

    def __init__(
        self,
        server_or_cluster_def: Any,
        job_name: str | None = None,
        task_index: int | None = None,
        protocol: str | None = None,
        config: Any = None,
        start: bool = True,
    ) -> None:
        given = getattr(server_or_cluster_def, "cluster", server_or_cluster_def)
        cluster = ClusterSpec(given)
        jobs = cluster.jobs
        job = job_name if job_name is not None else jobs[0] if len(jobs) == 1 else None
        if job is None:
            raise ValueError("Must specify an explicit `job_name` for one of: " + ", ".join(jobs))
        index = task_index or 0
        if job not in jobs or index not in cluster.task_indices(job):
            raise InvalidArgumentError(
                None, None, f"Task {index} was not defined in job {job!r}: {cluster}"
            )
        tasks = sum(cluster.num_tasks(name) for name in jobs)
        if tasks > 1:
            raise NotImplementedError(_NO_CLUSTER.format(what=f"this one has {tasks}: {cluster}"))
        self._cluster = cluster
        self._job, self._index = job, index
        self._config = config
        self._target = f"grpc://{cluster.task_address(job, index)}"

    @property
    def target(self) -> str:
        """What `tf.Session(target)` takes to run here."""
        return self._target

    @property
    def server_def(self) -> Any:
        """The cluster, job and task of this server, as a ServerDef proto."""
        return protos.ServerDef(
            cluster=self._cluster.as_cluster_def(),
            job_name=self._job,
            task_index=self._index,
            default_session_config=self._config,
            protocol="grpc",
        )

    def start(self) -> None:
        """Nothing to start: sessions run where they are made."""

    def join(self) -> None:
        """Would wait for ever. Raises: NotImplementedError, as no other process can connect."""
        what = "join() waits for other processes to use this one"
        raise NotImplementedError(_NO_CLUSTER.format(what=what))

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """A server of one task in this process."""
        return Server({"local": ["localhost:0"]}, protocol="grpc", config=config, start=start)


def create_local_cluster(
    num_workers: int,
    num_ps: int,
    protocol: str = "grpc",
    worker_config: Any = None,
    ps_config: Any = None,
) -> tuple[list[Server], list[Server]]:
    """The servers of a cluster in this process: its workers, and its parameter servers.

    Raises: NotImplementedError for more than one of both together.
    """
    addresses = {
        "worker": [f"localhost:{i}" for i in range(num_workers)],
        "ps": [f"localhost:{num_workers + i}" for i in range(num_ps)],
    }
    cluster = ClusterSpec(addresses)
    workers, ps_servers = (
        [Server(cluster, job, index, protocol, config) for index in cluster.task_indices(job)]
        for job, config in (("worker", worker_config), ("ps", ps_config))
    )
    return workers, ps_servers
