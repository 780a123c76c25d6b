from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from standins.tests import gitea_client, openproject_client
from standins.tests.gitea_client import Gitea
from standins.tests.openproject_client import OpenProject
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
    """Recorded exchanges and specs that are not part of the product."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def gitea(lab: Lab) -> Gitea:
    """For tests that do not touch users of other tests; tests that count all data start their own instance."""
    environment = {"GITEA__metrics__ENABLED": "true", "GITEA__metrics__TOKEN": "scrape-1", "GITEA__ui__NOTE": "a#b"}
    return gitea_client.start(lab, "1.21.11", environment=environment)


@pytest.fixture(scope="session")
def newest_gitea(lab: Lab) -> Gitea:
    environment = {"GITEA__security__REVERSE_PROXY_TRUSTED_PROXIES": "*"}
    return gitea_client.start(lab, "1.25.4", environment=environment)


@pytest.fixture(scope="session")
def openproject(lab: Lab) -> OpenProject:
    started = openproject_client.start(lab, "15.5.1")
    openproject_client.add_content(started)
    return started
