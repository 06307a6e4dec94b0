"""Work on other machines, through a scheduler of dask.distributed that a user has started."""

from __future__ import annotations

import ipaddress
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, TypeVar

from imcmoo.io.errors import InputError
from imcmoo.io.executor import local
from imcmoo.io.named import call_reporting
from imcmoo.io.own_code import project_digest
from imcmoo.version import __version__

Result = TypeVar("Result")

ADDRESS = re.compile(r"(tcp|tls)://(?P<host>\[[0-9a-fA-F:]+\]|[^:/\[\]]+):\d+")

LIBRARIES = ("matplotlib", "moocore", "numpy", "pandas", "pymoo", "scipy", "seaborn")
"""Libraries whose version can change a digit of a result or a pixel of a figure."""

PATIENCE_S = 15
"""How long a scheduler may take to answer, and to have a worker."""


@dataclass(frozen=True)
class Scheduler:
    """A scheduler of dask.distributed.

    Raises:
        ValueError: not an address, or one of another machine that is neither encrypted nor trusted.
    """

    address: str
    """Such as `tcp://127.0.0.1:8786`, or `tls://...` with the certificates that Dask's
    configuration names."""
    trusted: bool = False  # whether to send work unencrypted to another machine

    def __post_init__(self) -> None:
        match = ADDRESS.fullmatch(self.address)
        if match is None:
            raise ValueError(f"'{self.address}' is no address such as tcp://127.0.0.1:8786")
        is_open = self.address.startswith("tcp:") and not _is_here(match["host"].strip("[]"))
        if is_open and not self.trusted:
            raise ValueError(
                f"{self.address} is another machine's and not encrypted: whoever reaches such a "
                "port runs code on its workers; take tls://, a tunnel to 127.0.0.1, or say "
                "--trust-network"
            )


Workers = int | Scheduler
"""How many processes of this machine work, or who sends work to others."""


@contextmanager
def open_executor(workers: Workers, n_tasks: int) -> Iterator[Executor]:
    """An executor for so many tasks: processes of this machine, or a Dask scheduler's.

    Raises:
        InputError: there is no scheduler, it has no worker, or Dask is not installed.
    """
    if isinstance(workers, int):
        with local(max(1, min(workers, n_tasks))) as executor:
            yield executor
        return
    with _connected(workers) as client:
        remote = _Remote(client, workers.address)
        try:
            yield remote
        except BaseException:
            remote.shutdown(cancel_futures=True)
            raise


@contextmanager
def _connected(scheduler: Scheduler) -> Iterator[Any]:
    """A client of a scheduler that has a worker."""
    if find_spec("distributed") is None:
        raise InputError("--scheduler needs dask.distributed: pip install 'imcmoo[dask]'")
    # Imported here: asyncio delays each start, and only schedulers need it.
    import asyncio

    from distributed import Client

    security = _security(scheduler)
    try:
        asyncio.run(_answers(scheduler.address, security))
        client = Client(
            scheduler.address, security=security, timeout=PATIENCE_S, set_as_default=False
        )
    except (OSError, ValueError, TypeError) as error:  # a timeout is an OSError as well
        why = (str(error).strip() or f"nothing within {PATIENCE_S} s").splitlines()[-1]
        raise InputError(f"no scheduler answers at {scheduler.address}: {why}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            raise InputError(f"the scheduler at {scheduler.address} has no worker") from None
        yield client


async def _answers(address: str, security: Any) -> None:
    """Ask a scheduler who it is, before a client is made: that waits for ever for a mute port.

    OSError where nothing answers in time, also where something listens.
    """
    import asyncio

    from distributed.core import connect

    async def ask() -> None:
        comm = await connect(address, timeout=PATIENCE_S, **security.get_connection_args("client"))
        try:
            await comm.write({"op": "identity", "reply": True})
            await comm.read()
        finally:
            comm.abort()

    await asyncio.wait_for(ask(), PATIENCE_S)


def _security(scheduler: Scheduler) -> Any:
    """Certificates for a scheduler, from Dask's configuration."""
    from distributed.security import Security

    # Checked before connecting: a client without certificates fails only after a while.
    try:
        security = Security()
        context = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        raise InputError(
            f"distributed.comm.tls of Dask's configuration: no usable certificates ({error})"
        ) from None
    if scheduler.address.startswith("tls:") and context is None:
        raise InputError(
            "a tls:// scheduler needs certificates: name them in Dask's configuration, "
            "distributed.comm.tls"
        )
    return security


class _Remote(Executor):
    """Sends what is submitted to a scheduler; futures tell its loss as that of a pool."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._dask_futures: dict[Future[Any], Any] = {}
        self.workers = len(client.nthreads())

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            # Not pure: Dask would answer equal tasks from what it remembers.
            dask_future = self._client.submit(
                _work, _versions(), partial(fn, *args, **kwargs), pure=False
            )
        except Exception as error:  # whatever Dask raises where its client was closed
            future.set_exception(BrokenExecutor(self._lost(error)))
            return future
        self._dask_futures[future] = dask_future
        dask_future.add_done_callback(partial(self._pass_on, future))
        return future

    def _pass_on(self, future: Future[Any], dask_future: Any) -> None:
        """Let a future end as Dask's did."""
        from distributed import KilledWorker

        self._dask_futures.pop(future, None)
        error: BaseException | None = None
        if dask_future.status == "finished":
            try:
                future.set_result(dask_future.result())
                return
            except Exception as failure:  # its result was lost on the way
                error = BrokenExecutor(self._lost(failure))
        elif dask_future.status == "error":
            error = dask_future.exception()
        if error is None:
            error = BrokenExecutor(self._lost(None))
        elif isinstance(error, KilledWorker):
            error = BrokenExecutor("was killed again and again (out of memory?)")
        elif isinstance(error, ModuleNotFoundError):
            error = InputError(f"a worker of {self._address} has no module '{error.name}'")
        future.set_exception(error)

    def _lost(self, error: BaseException | None) -> str:
        why = f" ({type(error).__name__})" if error else ""
        return f"was lost with the scheduler at {self._address}{why}"

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if cancel_futures:
            self._client.cancel(list(self._dask_futures.values()), force=True)


def _work(expected: Mapping[str, str], function: Callable[[], Result]) -> Result:
    """Do a task in a worker, if that gives what it would give at home."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads != 1:
        raise InputError(
            f"worker {worker.address} does {worker.state.nthreads} tasks at once in one process: "
            "start it with --nthreads 1"
        )
    here_versions = _versions()
    for name, ours in expected.items():
        if here_versions[name] != ours:
            raise InputError(
                f"worker {worker.address} has {name} {here_versions[name]}, we have {ours}"
            )
    return call_reporting(function)


@cache
def _versions() -> dict[str, str]:
    """Versions of everything that can change a byte of a task's result."""
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "imcmoo": __version__,
        **{name: version(name) for name in LIBRARIES},
        "code of imcmoo": project_digest()[:12],
    }


def _is_here(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
