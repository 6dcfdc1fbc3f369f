"""Workers of a Dask cluster: they compute, and the process that started the run commits.

Imported when a cluster is asked for; nothing else needs Dask.
"""

import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import numpy as np
from distributed import Client, LocalCluster
from distributed import Future as Task
from distributed.comm import CommClosedError
from distributed.comm.addressing import parse_address, parse_host_port
from distributed.scheduler import KilledWorker

from sweep.errors import RequestError, SweepError
from sweep.runs.workers import Interruption
from sweep.store.machine import library_versions, usable_processors
from sweep.study import NUMERICS, Group
from sweep.training.compile import source_digest
from sweep.training.trained import Trained
from sweep.training.trainer import train

LOCAL = "local"  # the address of a cluster on this machine, for as long as the run takes

_PATIENCE = 30  # seconds until the scheduler, and then a first worker, must have answered
_AHEAD = 2  # chunks for each thread of a worker: one to train, one that is on its way


class ClusterError(SweepError):
    """A cluster could not go on; what is committed stays, and running again goes on from there."""


class Cluster:
    """The workers behind a scheduler, for as long as `connected` says.

    `count` is how many threads they have together.
    """

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address
        self.count = sum(client.nthreads().values())
        self.ahead = _AHEAD * self.count

    def expect(self, groups: Iterable[Group]) -> None:
        """Leave it to the workers: each compiles a group's kernel with the first of its chunks."""

    def prepare(self, group: Group, _: Interruption) -> None:
        """Leave it to them, too."""

    def submit(
        self, group: Group, index: np.ndarray, since: Trained | None, _: Interruption
    ) -> Future[Trained]:
        """Have a chunk trained by some worker; if that is lost, by another."""
        task = self.client.submit(_train, versions(), group, index, since, pure=False, retries=2)
        future: Future[Trained] = Future()
        future.set_running_or_notify_cancel()
        task.add_done_callback(lambda task: self._hand_over(task, future))
        return future

    def check(self) -> None:
        """Raise a ClusterError if the scheduler is not there any more."""
        if self.client.status != "running":
            raise self._lost()

    def _hand_over(self, task: Task, future: Future[Trained]) -> None:
        try:
            future.set_result(task.result())
        except SweepError as error:
            future.set_exception(error)
        except KilledWorker:
            future.set_exception(
                ClusterError(
                    f"{self.address}: several workers were lost with the same chunk; have they "
                    "enough memory? What is finished is saved, `sweep run` goes on from there"
                )
            )
        except BaseException as error:
            lost = self.client.status != "running" or task.status in ("cancelled", "lost")
            lost = lost or isinstance(error, CommClosedError)  # seen before the client knows of it
            future.set_exception(self._lost() if lost else error)

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"{self.address}: the scheduler was lost; what is finished is saved, `sweep run` goes "
            "on from there"
        )


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Workers of the cluster whose scheduler is at `address`, or of one made here for `LOCAL`.

    Raises:
        RequestError: nobody answers there, there are no workers, or they have other versions.
    """
    with _client(address) as client:
        _check_versions(client, address)
        yield Cluster(client, address)


@contextmanager
def _client(address: str) -> Iterator[Client]:
    if address == LOCAL:
        with (
            LocalCluster(
                n_workers=usable_processors(), threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        _listen(address)
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise RequestError(f"{address}: no Dask scheduler answers there: {why}") from None
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise RequestError(f"{address}: the scheduler there has no workers") from None
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            client.close()


def _listen(address: str) -> None:
    """Wait for what a scheduler says first, to whoever connects.

    A client would wait many times as long for an address that takes the connection and is silent.
    """
    scheme, location = parse_address(address)
    if scheme == "tcp":  # others begin in other ways
        host, port = parse_host_port(location)
        with socket.create_connection((host, port), _PATIENCE) as connection:
            try:
                connection.recv(1)
            except TimeoutError:
                raise TimeoutError(f"it was silent for {_PATIENCE} s") from None


@cache
def versions() -> dict[str, str]:
    """What has to be equal here and at every worker for results to be those of one program."""
    return {
        **library_versions(),
        "numerics": str(NUMERICS),
        "source of the kernel": source_digest()[:12],
    }


def _check_versions(client: Client, address: str) -> None:
    """Compare the versions of all workers with those here."""
    for worker, found in client.run(_versions_there, on_error="return").items():
        if isinstance(found, BaseException):
            why = " ".join(str(found).split())
            raise RequestError(f"{address}: the worker {worker} cannot load sweep: {why}")
        ours = versions()
        if names := [name for name in ours if found.get(name) != ours[name]]:
            told = (f"{name} {found.get(name, 'none')} and not {ours[name]}" for name in names)
            raise RequestError(f"{address}: the worker {worker} has {', '.join(told)}")


def _versions_there() -> dict[str, str]:
    """At a worker: what it has."""
    return versions()


def _train(wanted: dict[str, str], group: Group, index: np.ndarray, since: Any) -> Trained:
    """At a worker: train a chunk. Workers may join a run after it began, so it checks again."""
    if different := "" if wanted == versions() else str(versions()):
        raise ClusterError(f"a worker joined that has other versions: {different}, not {wanted}")
    return train(group, index, since=since)
