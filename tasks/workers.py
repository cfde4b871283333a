"""Processes that answer lines with lines: one that dies or takes too long costs one answer, and is replaced."""

from __future__ import annotations

import os
import queue
import selectors
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO

READY = "ready"  # the first line that a worker prints
START_SECONDS = 120.0


class NoAnswer(Exception):
    """The worker died over the order, or took longer than it may."""


class NoWorker(Exception):
    """The process does not even start; what it printed stands in our own standard error."""


class Worker:
    """One process, started when it is first asked. Its standard error is ours. Ends when its input does."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._stopped = False

    def ask(self, order: str, seconds: float) -> str:
        """The line that answers that line. NoAnswer or NoWorker; the next order goes to a new process then."""
        process = self._process or self._start()
        try:
            _stream(process.stdin).write(order.encode() + b"\n")
            _stream(process.stdin).flush()
            return self._line(process, seconds)
        except (BrokenPipeError, EOFError):
            self.end()
            raise NoAnswer(f"the process that looked at it ended with exit code {process.returncode}") from None
        except TimeoutError:
            self.end()
            raise NoAnswer(f"it took longer than {seconds:.0f} s") from None

    def stop(self) -> None:
        """From another thread: whoever waits for an answer gets none, and the process ends."""
        self._stopped = True
        if (process := self._process) is not None:
            process.kill()

    def end(self) -> None:
        """Kill it, if it runs, and wait for its end."""
        process, self._process, self._unread = self._process, None, b""
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError):
                process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        process = self._process = subprocess.Popen(
            self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            ready = self._line(process, START_SECONDS) == READY and not self._stopped
        except (EOFError, TimeoutError):
            ready = False
        if not ready:
            self.end()
            raise NoWorker(f"{' '.join(self._command)} does not start.")
        return process

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> str:
        stream = _stream(process.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(seconds):
                    raise TimeoutError
                read = os.read(stream.fileno(), 1 << 16)
                if not read:
                    raise EOFError
                self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()


def answers(
    command: Sequence[str], environment: Mapping[str, str], orders: Sequence[str], processes: int, seconds: float
) -> Iterator[tuple[int, str | NoAnswer]]:
    """Each order's place with its answer, as they come, from so many processes; seconds: for one order.

    NoWorker where a process does not start. Whoever stops early ends the processes.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, str | NoAnswer | NoWorker]] = queue.SimpleQueue()
    for place in range(len(orders)):
        waiting.put(place)
    workers = [Worker(command, environment) for _ in range(min(processes, len(orders)))]
    threads = [threading.Thread(target=_work, args=(one, orders, waiting, done, seconds)) for one in workers]
    for thread in threads:
        thread.start()
    try:
        for _ in orders:
            place, answer = done.get()
            if isinstance(answer, NoWorker):
                raise answer
            yield place, answer
    finally:
        with suppress(queue.Empty):
            while True:
                waiting.get_nowait()
        for one in workers:
            one.stop()
        for thread in threads:
            thread.join()
        for one in workers:
            one.end()


def _work(
    worker: Worker,
    orders: Sequence[str],
    waiting: queue.SimpleQueue[int],
    done: queue.SimpleQueue[tuple[int, str | NoAnswer | NoWorker]],
    seconds: float,
) -> None:
    """Take orders until there are none; a worker that does not start takes no more."""
    with suppress(queue.Empty):
        while True:
            place = waiting.get_nowait()
            try:
                done.put((place, worker.ask(orders[place], seconds)))
            except NoAnswer as failed:
                done.put((place, failed))
            except NoWorker as failed:
                done.put((place, failed))
                return


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process was started without a pipe")
    return pipe
