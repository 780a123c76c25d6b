"""Lines in Gitea's log format, on standard output."""

from __future__ import annotations

from datetime import datetime

from ..shared.web import printable

# The real program prints the last twenty letters of the source file's name.
START = "cmd/web.go:242:runWeb()"
ORM = "...itea/cmd/web.go:60:initDB()"
MIGRATE = "...ations/migrations.go:560:Migrate()"
SIGN_IN_FORM = "...ers/web/auth/auth.go:215:SignInPost()"
BASIC = "...rvices/auth/basic.go:149:Verify()"
API = "...outers/api/v1/api.go:774:verifyAuthWithOptions()"
ROUTER = "...eb/routing/logger.go:102:func1()"
INDEX = "...xer/issues/indexer.go:159:InitIssueIndexer()"
PING = "cmd/web.go:205:serveInstalled()"
HEALTH = "...althcheck/check.go:103:checkDatabase()"


def write(place: str, level: str, message: str) -> None:
    print(f"{datetime.now():%Y/%m/%d %H:%M:%S} {place} [{level}] {printable(message)}", flush=True)
