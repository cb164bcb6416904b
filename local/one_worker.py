"""A pytest plugin: with -n, the end-to-end tests run one after another in one worker.

They share one stack, which only that worker starts; everything else is spread test by test.
(xdist 3.8's own --dist loadgroup does not work with pytest 9.2.)
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

END_TO_END = "tests/e2e"


class OneWorkerForTheStack(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return END_TO_END if nodeid.startswith(f"{END_TO_END}/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return OneWorkerForTheStack(config, log)
