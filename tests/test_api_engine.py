"""What every engine keeps to, by the engine of this machine."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from dressform.api.jobs.engine import Engine
from dressform.api.jobs.local import LocalEngine
from dressform.api.jobs.task import FINAL, Output, Status, Task
from dressform.api.problems import Problem
from dressform.parsing import OptionError


class Work:
    """Answers with its task's option; "wait" waits for the gate, "fail" and "break" raise."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.done: list[str] = []

    def __call__(self, task: Task, progress: Callable[[float, str], None]) -> Output:
        what = str(task.options.get("do", ""))
        progress(0.2, "first")
        if what.startswith("wait"):
            assert self.gate.wait(20)
        progress(0.6, "second")
        if what == "fail":
            raise OptionError("not with this photo", remedy="take another one")
        if what == "break":
            raise RuntimeError("the pixels say " + "secret".upper())
        self.done.append(what)
        return Output(what.encode(), "text/plain")


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def engine(work: Work) -> Iterator[Engine]:
    made = LocalEngine(work, workers=1, queue_size=2)
    yield made
    work.gate.set()
    made.close(5)


def ignore(_: str) -> None:
    pass


def ended(engine: Engine, task_id: str) -> Status:
    deadline = time.monotonic() + 10
    while True:
        status = engine.status(task_id)
        assert status is not None and time.monotonic() < deadline
        if status.state in FINAL:
            return status
        time.sleep(0.005)


def running(engine: Engine, task_id: str) -> None:
    deadline = time.monotonic() + 10
    while (status := engine.status(task_id)) is None or status.state != "running" or not status.step:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def task(do: str, **options: Any) -> Task:
    return Task("test", {"do": do}, **options)


def test_a_task_is_done(engine: Engine) -> None:
    told: list[str] = []
    task_id = engine.submit(task("x"), told.append)
    status = ended(engine, task_id)
    assert status.state == "succeeded" and status.progress == 1 and status.output is not None
    assert status.output.body == b"x" and status.problem is None and status.position is None
    time.sleep(0.05)
    assert set(told) == {task_id} and len(told) >= 2


def test_ids_cannot_be_guessed(engine: Engine) -> None:
    first = engine.submit(task("x"), ignore)
    ended(engine, first)
    second = engine.submit(task("x"), ignore)
    assert first != second and len(first) >= 20


def test_errors_become_problems(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    status = ended(engine, engine.submit(task("fail"), ignore))
    assert status.state == "failed" and status.output is None and status.problem is not None
    assert (status.problem.code, status.problem.remedy) == ("cannot-do", "take another one")
    status = ended(engine, engine.submit(task("break"), ignore))
    assert status.problem is not None and status.problem.code == "internal"
    assert "SECRET" not in str(status.problem.to_dict()) + caplog.text and "RuntimeError" in caplog.text
    assert ended(engine, engine.submit(task("after"), ignore)).state == "succeeded"


def test_the_queue_is_bounded_and_in_order(engine: Engine, work: Work) -> None:
    first = engine.submit(task("wait"), ignore)
    running(engine, first)
    others = [engine.submit(task(f"{k}"), ignore) for k in range(2)]
    assert [engine.status(one).position for one in others] == [1, 2]  # type: ignore[union-attr]
    assert (engine.load().queued, engine.load().running, engine.load().room) == (2, 1, 0)
    with pytest.raises(Problem) as caught:
        engine.submit(task("more"), ignore)
    assert caught.value.code == "queue-full" and caught.value.retry_after
    work.gate.set()
    for one in others:
        ended(engine, one)
    assert work.done == ["wait", "0", "1"]


def test_a_queue_that_would_take_too_long_is_full(work: Work) -> None:
    engine = LocalEngine(work, workers=1, queue_size=50, patience=1.5)
    running(engine, engine.submit(task("wait"), ignore))
    engine.submit(task("x"), ignore)  # a second each, until tasks were timed
    with pytest.raises(Problem) as caught:
        engine.submit(task("x"), ignore)
    assert caught.value.code == "queue-full" and caught.value.retry_after == 2
    work.gate.set()
    engine.close(5)


def test_bulk_waits(engine: Engine, work: Work) -> None:
    running(engine, engine.submit(task("wait"), ignore))
    bulk = engine.submit(task("bulk", bulk=True), ignore)
    urgent = engine.submit(task("urgent"), ignore)
    work.gate.set()
    ended(engine, bulk)
    ended(engine, urgent)
    assert work.done == ["wait", "urgent", "bulk"]


def test_cancelling_a_queued_task(engine: Engine, work: Work) -> None:
    running(engine, engine.submit(task("wait"), ignore))
    one = engine.submit(task("never"), ignore)
    assert engine.cancel(one) and engine.status(one) is None and not engine.cancel(one)
    work.gate.set()
    ended(engine, engine.submit(task("last"), ignore))
    assert work.done == ["wait", "last"]


def test_cancelling_a_running_task_ends_it_at_its_next_step(engine: Engine, work: Work) -> None:
    one = engine.submit(task("wait"), ignore)
    running(engine, one)
    assert engine.cancel(one) and engine.status(one) is None
    work.gate.set()
    ended(engine, engine.submit(task("last"), ignore))
    assert work.done == ["last"]


def test_closing(work: Work) -> None:
    engine = LocalEngine(work, workers=1, queue_size=5)
    told: list[str] = []
    first = engine.submit(task("wait"), told.append)
    running(engine, first)
    second = engine.submit(task("x"), told.append)
    began = time.monotonic()
    engine.close(0.2)
    assert time.monotonic() - began < 2
    for one in (first, second):
        status = engine.status(one)
        assert status is not None and status.problem is not None and status.problem.code == "shutting-down"
        assert one in told
    with pytest.raises(Problem) as caught:
        engine.submit(task("x"), ignore)
    assert caught.value.code == "shutting-down"
    work.gate.set()


def test_threads_end(work: Work) -> None:
    engine = LocalEngine(work, workers=3)
    own = list(engine._threads)  # not all of the process: other tests' threads may be ending meanwhile
    assert len(own) == 3 and all(thread.is_alive() for thread in own)
    ended(engine, engine.submit(task("x"), ignore))
    engine.close(1)
    for thread in own:
        thread.join(10)
    assert not any(thread.is_alive() for thread in own) and not set(own) & set(threading.enumerate())


def test_a_failed_task_holds_no_photo() -> None:
    """Errors remember where they were raised, and what was at hand there."""
    held: list[weakref.ref[np.ndarray]] = []

    def fail(_: Task, __: Callable[[float, str], None]) -> Output:
        pixels = np.zeros(10)
        held.append(weakref.ref(pixels))
        try:
            raise OptionError("inside")
        except OptionError:
            raise Problem("no-such-person", "outside", errors=[("person", "9")]) from None

    made = LocalEngine(fail)
    try:
        status = ended(made, made.submit(task("x"), ignore))
        problem = status.problem
        assert problem is not None and (problem.code, problem.errors) == ("no-such-person", [("person", "9")])
        assert problem.__traceback__ is None and problem.__context__ is None
        gc.collect()
        assert held[0]() is None
    finally:
        made.close(1)


def test_a_done_task_holds_no_photo(engine: LocalEngine) -> None:
    task_id = engine.submit(Task("test", {"do": "x"}, {"photo": b"pixels"}), ignore)
    ended(engine, task_id)
    assert engine._jobs[task_id].task is None
