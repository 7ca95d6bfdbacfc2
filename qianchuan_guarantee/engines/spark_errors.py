"""What goes wrong in Spark, told in one sentence, and Java that ends told apart from the rest."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from qianchuan_guarantee.errors import EngineEndedError, UserError

if TYPE_CHECKING:
    from qianchuan_guarantee.engines.spark import Spark

P = ParamSpec("P")
R = TypeVar("R")


class SparkError(RuntimeError):
    """What Spark could not carry out, in one sentence."""


def answers(context: Any) -> bool:
    """Whether the Java process that drives Spark is still there. One that ends is noticed in many
    ways, by whoever happens to wait for it, so it is asked."""
    try:
        context._jvm.java.lang.System.nanoTime()
    except Exception:
        return False
    return True


def hush(context: Any) -> None:
    """When Java ends, those that listen to it print tracebacks of their own, each for itself; it
    is said once, by whoever asks Java for something next."""
    logging.getLogger().addFilter(_is_not_of_py4j)
    server = context._accumulatorServer
    by_itself = server.handle_error

    def handle_error(*of: Any) -> None:
        if not isinstance(sys.exception(), EOFError):
            by_itself(*of)

    server.handle_error = handle_error


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return record.module != "java_gateway"


@contextmanager
def in_one_sentence(engine: Spark) -> Iterator[None]:
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not answers(engine.session.sparkContext):
            raise EngineEndedError("the Java process that drives Spark has ended") from error
        if isinstance(error, (Py4JJavaError, PySparkException)):
            raise SparkError(_first_cause(error)) from error
        raise


def told(
    method: Callable[Concatenate[Spark, P], R],
) -> Callable[Concatenate[Spark, P], R]:
    """A method of the engine whose errors are told in one sentence."""

    @wraps(method)
    def within(engine: Spark, /, *args: P.args, **named: P.kwargs) -> R:
        with in_one_sentence(engine):
            return method(engine, *args, **named)

    return within


def _first_cause(error: Any) -> str:
    """The sentence that says what went wrong, out of Spark's pages about it: of a Java exception
    what its first cause says; of Python on an executor, the last line of its traceback."""
    if thrown := getattr(error, "java_exception", None):
        while thrown.getCause() is not None:
            thrown = thrown.getCause()
    text = str(error) if thrown is None else str(thrown.getMessage() or thrown.toString())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(line.startswith("Traceback") for line in lines):
        return lines[-1].removeprefix("ValueError: ")
    return lines[0]
