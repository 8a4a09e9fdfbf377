"""Column names that could break out of generated text."""

from __future__ import annotations

HOSTILE = [
    "x", "x ", "x_", "θ_0", "Δt", "µ", "lambda", "int", "np", "math", "y", "t1", "exp", "log", "predict", "nonzero",
    "1/T", "reaction time [ms]", "a $ b", "<b>x</b>", "*/ int main(){} /*", '"""', "'''", "x\nimport os", "x\rraise",
    "# -*- coding: utf-7 -*-", "\\", "x\\", "??/", "// ??/", "\u202e", "温度", "__import__('os')", "%s", "{0}", "\0",
    "NAN", "M_PI", "I", "x" * 300, "\ud800", "predict_nonzero", "\u2028raise", "&", "x & y \\\\ \\input{/etc/passwd}",
]  # fmt: skip
