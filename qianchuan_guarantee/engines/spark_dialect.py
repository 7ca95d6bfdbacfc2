"""Spark's SQL where Ibis leaves something out, or writes it in another sense than DuckDB's."""

from __future__ import annotations

from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot as sg
from ibis.backends.sql.compilers.base import FALSE, SQLGlotCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler


class Dialect(PySparkCompiler):  # type: ignore[misc]  # Ibis is read without its types
    """Ibis's compiler for Spark, mended."""

    SIMPLE_OPS: ClassVar = {ops.BitOr: "bit_or"}

    # A float that is not a number is there all the same: it is unparsable, not missing.
    visit_IsNull = SQLGlotCompiler.visit_IsNull  # noqa: N815
    visit_NotNull = SQLGlotCompiler.visit_NotNull  # noqa: N815

    def visit_IsInf(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """Ibis compares the two expressions in Python here, and always says no."""
        return self.f.abs(arg).eq(self.POS_INF) if op.arg.dtype.is_floating() else FALSE

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802
        """Floats as text without an exponent wherever DuckDB writes none; Spark does from 1e7."""
        written = super().visit_Cast(op, arg=arg, to=to)
        if not (op.arg.dtype.is_floating() and to.is_string()):
            return written
        size = self.f.abs(arg)
        large = sg.and_(size >= 10**7, size < 10**16)
        small = sg.and_(size >= self.cast("1e-4", dt.float64), size < self.cast("1e-3", dt.float64))
        digits = self.cast(self.cast(written, dt.Decimal(38, 21)), dt.string)
        plain = self.f.regexp_replace(digits, r"(\.[0-9]+?)0+$", "$1")
        return self.if_(sg.or_(large, small), plain, written)
