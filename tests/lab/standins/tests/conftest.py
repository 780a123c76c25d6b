from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from standins.tests.support import Lab, missing_images

SHARED = Path("/work/shared")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    if not shutil.which("docker"):
        pytest.skip("the stand-ins are tested in containers: no docker on this machine")
    missing = missing_images()
    if missing:
        pytest.skip(f"not built yet: {', '.join(missing)}; run make images")
    started = Lab()
    yield started
    started.remove()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Recorded exchanges and specs that are no part of the product."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not on this machine")
    return SHARED
