"""The bench of this folder speaks in its assertions, too."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.faults.struck_bench")
