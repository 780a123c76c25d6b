# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON over HTTP: repeats requests where that is safe, and reports when the outcome is unknown.

The only file that imports requests for its own use.
"""

from __future__ import annotations

import base64
import functools
import os
import random
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, TypeVar
from urllib.parse import urlsplit

from ..errors import MaxopsError
from ..process import Cancellation
from .words import kind_of, page_title, reason, retry_after_seconds, shape, tls_advice

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import requests.auth
    import requests.utils
    from requests import exceptions
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

Result = TypeVar("Result")

LONGEST_WAIT = 120.0
"""Seconds that a server may ask us to wait; a longer wait is for the operator to decide."""
FIRST_WAIT = 0.5

BUSY = 429
UNAVAILABLE = (502, 503, 504)
REPEATABLE = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
"""Methods whose requests set a state: sending one twice has the same effect as sending it once."""


class ApiError(MaxopsError):
    """The server refused the request; ``message`` is its own text and ``data`` its answer, where that was JSON."""

    def __init__(self, text: str, status: int, message: str, data: Any = None) -> None:
        super().__init__(text)
        self.status = status
        self.message = message
        self.data = data


class UnreachableError(MaxopsError):
    """No answer after all attempts; the next request is not expected to get one either."""


class OutcomeUnknownError(MaxopsError):
    """The connection ended after the server may have received the request: only reading again shows what it did."""


@dataclass(frozen=True)
class Endpoint:
    """Where an API is, with which credentials, and with how many attempts. ``authorization`` is the whole header."""

    url: str
    authorization: str = field(repr=False)
    validate_certs: bool = True
    ca_file: str | None = None
    proxy: str | None = None
    timeout: float = 30.0
    retries: int = 4
    concurrency: int = 8
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of each request, such as Host where the address has no name that the server accepts."""
    direct: bool = False
    """True where no proxy is used, whatever ``proxy`` and the environment say."""


@dataclass(frozen=True)
class Answer:
    """What a server answered; ``data`` is None where the body is empty, ``location`` is the target of a redirect."""

    status: int
    data: Any
    headers: Mapping[str, str]
    location: str = ""


def basic(user: str, password: str) -> str:
    """The Authorization header of a name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def answer_reader(read: Callable[[Any], Result]) -> Callable[[Any], Result]:
    """Make a function that reads answers raise MaxopsError when an answer has an unexpected form."""

    @functools.wraps(read)
    def checked(data: Any) -> Result:
        try:
            return read(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MaxopsError(
                f"the answer has an unexpected form ({error!r} in {shape(data)}): check that api_url leads to the "
                "application itself, and that its version is supported"
            ) from error

    return checked


def ping(url: str, timeout: float) -> None:
    """Request an address whose only purpose is to be requested, such as that of a heartbeat service.

    The address may be a secret, so the text of MaxopsError does not contain it.
    """
    session = requests.Session()
    session.trust_env = False
    try:
        session.proxies.update(_proxies(None, url))
        with session.get(url, timeout=timeout, stream=True, headers={"User-Agent": "maxops.ops"}) as response:
            status = response.status_code
    except (exceptions.RequestException, ValueError) as error:
        raise MaxopsError(f"no answer ({type(error).__name__}); check the address and the network") from None
    if status >= 400:
        raise MaxopsError(f"the answer is status {status}; check the address")


class Client:
    """One API. Safe for as many threads at once as the endpoint's concurrency allows."""

    def __init__(
        self,
        endpoint: Endpoint,
        read_message: Callable[[Any], str],
        cancellation: Cancellation | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.url = _checked(endpoint)
        self.sent = 0
        """Requests that went to the server so far, repetitions included."""
        self._read_message = read_message
        self._cancellation = cancellation or Cancellation()
        self._lock = threading.Lock()
        self._resume_at = 0.0
        self._session = _session(endpoint, self.url)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        accept: tuple[int, ...] = (200, 201, 202, 204),
        repeatable: bool | None = None,
        authorization: str | None = None,
    ) -> Answer:
        """Send a request, repeated where that is safe; returns an answer whose status is in ``accept``.

        Raises ApiError for any other status, UnreachableError when there is no answer, and OutcomeUnknownError
        when the request is not ``repeatable`` and the server may have received it without answering.
        """
        safe = method in REPEATABLE if repeatable is None else repeatable
        what = f"{method} {self.url}{path}"
        for attempt in range(self.endpoint.retries + 1):
            last = attempt == self.endpoint.retries
            self._wait_for_turn()
            try:
                response = self._send(method, path, query, body, authorization)
            except exceptions.RequestException as error:
                self._raise_unless_repeatable(error, what, safe, last)
                self._pause(None, attempt, what)
                continue
            status = response.status_code
            if status in accept:
                return _answer(response, what)
            retry_after = retry_after_seconds(response.headers.get("Retry-After", ""))
            if status in UNAVAILABLE and not safe:
                # A gateway also returns 503 for an application that received the request and did not answer in time.
                self._note_pause(retry_after, attempt, what)
                raise OutcomeUnknownError(f"{what} got {status} from a gateway or a server that is not ready")
            if last or not _is_temporary(status, method):
                raise self._refusal(response, what)
            self._pause(retry_after, attempt, what)
        raise AssertionError("the last attempt returns or raises")

    # -- one attempt --------------------------------------------------------------------------------------------

    def _send(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Any, authorization: str | None
    ) -> requests.Response:
        with self._lock:
            self.sent += 1
        return self._session.request(
            method,
            self.url + path,
            params=dict(query or {}),
            json=body,
            headers={"Authorization": authorization} if authorization else {},
            timeout=(min(10.0, self.endpoint.timeout), self.endpoint.timeout),
            # Following a redirect could change another account (a renamed one), or turn a POST into a GET.
            allow_redirects=False,
        )

    def _raise_unless_repeatable(self, error: Exception, what: str, safe: bool, last: bool) -> None:
        """Raise the error for a request that got no answer, unless it may be sent once more."""
        if isinstance(error, (exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.InvalidHeader)):
            raise MaxopsError(f"{what} cannot be sent: {error}; correct api_url or the credentials") from error
        if isinstance(error, exceptions.SSLError):
            raise UnreachableError(tls_advice(self.url, error)) from error
        if not safe and not _never_sent(error):
            raise OutcomeUnknownError(f"{what}: {reason(error)}") from error
        if last:
            raise UnreachableError(
                f"{self.url} does not answer ({reason(error)}, tried {self.endpoint.retries + 1} times): "
                "check that the application is running (docker compose ps), that api_url is right, "
                "and that this host can reach it"
            ) from error

    def _refusal(self, response: requests.Response, what: str) -> MaxopsError:
        data = _json_or_none(response)
        message = self._read_message(data) if data is not None else page_title(response.text)
        status = response.status_code
        if 300 <= status < 400:
            return MaxopsError(
                f"{what} is redirected to {response.headers.get('Location', 'nowhere')}: set api_url to the real "
                "address of the API, with its scheme (https) and its path"
            )
        if status == BUSY or status in UNAVAILABLE:
            return UnreachableError(
                f"{self.url} is not ready ({status}: {message or 'no reason given'}; tried {self.endpoint.retries + 1} "
                "times): check that the application is running (docker compose ps) and not overloaded, "
                "then run this again"
            )
        return ApiError(f"{what} got {status}: {message or 'no reason given'}", status, message, data)

    # -- waiting ------------------------------------------------------------------------------------------------

    def _wait_for_turn(self) -> None:
        """Hold all threads back while the server has asked for a pause."""
        while True:
            self._cancellation.check()
            with self._lock:
                remaining = self._resume_at - time.monotonic()
            if remaining <= 0:
                return
            self._sleep(remaining)

    def _pause(self, retry_after: float | None, attempt: int, what: str) -> None:
        self._sleep(self._note_pause(retry_after, attempt, what))

    def _note_pause(self, retry_after: float | None, attempt: int, what: str) -> float:
        if retry_after is None:
            return float(FIRST_WAIT * 2**attempt * random.uniform(0.75, 1.25))  # noqa: S311 - no secret is made of it
        if retry_after > LONGEST_WAIT:
            raise UnreachableError(
                f"{what}: the server asks to wait {retry_after:.0f} seconds; run this again after that, "
                "or have the server's limit raised"
            )
        with self._lock:
            self._resume_at = max(self._resume_at, time.monotonic() + retry_after)
        return retry_after

    def _sleep(self, seconds: float) -> None:
        stopped = threading.Event()
        with self._cancellation.stoppable(stopped.set):
            stopped.wait(seconds)
        self._cancellation.check()


def _checked(endpoint: Endpoint) -> str:
    parts = urlsplit(endpoint.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise MaxopsError(
            f'api_url "{endpoint.url}" is not the address of a server; write it as http://127.0.0.1:9000/git '
            "or https://git.example.com"
        )
    if parts.username or parts.password:
        raise MaxopsError(
            "api_url contains a name or password, which would end up in logs; give them in their own options"
        )
    if endpoint.ca_file and not os.path.isfile(endpoint.ca_file):
        raise MaxopsError(f"ca_file {endpoint.ca_file} does not exist; name a PEM file of CA certificates on this host")
    return endpoint.url.rstrip("/")


def _session(endpoint: Endpoint, url: str) -> requests.Session:
    session = requests.Session()
    # Otherwise requests replaces the given credentials with those from ~/.netrc.
    session.trust_env = False
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    session.verify = (endpoint.ca_file or bundle or True) if endpoint.validate_certs else False
    session.proxies.update({} if endpoint.direct else _proxies(endpoint.proxy, url))
    session.headers.update({"Accept": "application/json", "Authorization": endpoint.authorization})
    session.headers["User-Agent"] = "maxops.ops"
    session.headers.update(endpoint.headers)
    pool = requests.adapters.HTTPAdapter(pool_maxsize=max(1, endpoint.concurrency))
    session.mount("http://", pool)
    session.mount("https://", pool)
    if not endpoint.validate_certs:
        requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined]
    return session


def _proxies(proxy: str | None, url: str) -> dict[str, str]:
    if proxy:
        return {"http": proxy, "https": proxy}
    host = urlsplit(url).hostname or ""
    # http_proxy is usually meant for the internet, not for the stack on the same host.
    if host in ("localhost", "::1") or host.startswith("127."):
        return {}
    return {key: value for key, value in requests.utils.get_environ_proxies(url).items() if value}


def _is_temporary(status: int, method: str) -> bool:
    return status == BUSY or status in UNAVAILABLE or (status == 500 and method in ("GET", "HEAD"))


def _never_sent(error: Exception) -> bool:
    if isinstance(error, (exceptions.ConnectTimeout, exceptions.ProxyError)):
        return True
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def _answer(response: requests.Response, what: str) -> Answer:
    location = response.headers.get("Location", "")
    if not response.content or response.status_code >= 300:
        return Answer(response.status_code, _json_or_none(response), response.headers, location)
    try:
        return Answer(response.status_code, response.json(), response.headers, location)
    except ValueError:
        kind = kind_of(response.headers.get("Content-Type", ""))
        raise MaxopsError(
            f"{what} got {kind} instead of JSON ({page_title(response.text)}): api_url leads to a web page, "
            "a login page or a proxy; set it to the address below which the application's /api is"
        ) from None


def _json_or_none(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
