"""What only the Azure store can do, or get wrong: addresses, errors, retries, changes under a reader's hands."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import AccountSasPermissions, ContainerClient, ResourceTypes, generate_account_sas
from pydantic import SecretStr

from deployments.azurite.server import Azurite
from deployments.ports import free_ports
from platforms.azure.blob_account import RANGE
from platforms.azure.blobs import AzureBlobStore
from platforms.ports import NotFound, Refused, Unavailable
from tests.conftest import ROOT

MB = 1024 * 1024


class Transport(RequestsTransport):
    """The SDK's transport, with something of the test's own before or after a request."""

    def __init__(self, before: Callable[[Any], None] | None = None, after: Callable[[Any], None] | None = None) -> None:
        super().__init__()
        self.before, self.after = before, after

    def send(self, request: Any, **kwargs: Any) -> Any:
        if self.before:
            self.before(request)
        response = super().send(request, **kwargs)
        if self.after:
            self.after(request)
        return response


def sas(azurite: Azurite, permission: str) -> str:
    """A signature for the whole account."""
    return generate_account_sas(
        azurite.account,
        azurite.key,
        resource_types=ResourceTypes(container=True, object=True),
        permission=AccountSasPermissions.from_string(permission),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )


def whole_text(error: pytest.ExceptionInfo[Any]) -> str:
    """All that a log could show of it."""
    return "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("path", ["", "/", "/{container}", "/{container}/"])
def test_a_sas_opens_the_account_or_the_container(azurite: Azurite, container: str, path: str) -> None:
    address = f"{azurite.account_url}{path.format(container=container)}?{sas(azurite, 'rwdlc')}"
    blobs = AzureBlobStore.connect(SecretStr(address), container)
    blobs.write("a/b", b"x")
    assert blobs.read("a/b") == b"x"
    assert [blob.name for blob in blobs.list("")] == ["a/b"]


def test_identity_is_not_sent_in_the_clear(azurite: Azurite) -> None:
    with pytest.raises(ValueError, match="needs https"):
        AzureBlobStore.connect(SecretStr(azurite.account_url), "container")


def test_a_sas_that_does_not_suffice_is_refused_and_not_told(azurite: Azurite, container: str) -> None:
    words = sas(azurite, "rl")
    blobs = AzureBlobStore.connect(SecretStr(f"{azurite.account_url}?{words}"), container)
    with pytest.raises(
        Refused, match=rf"write of blob a/b in container {container} failed: 403 Authorization"
    ) as error:
        blobs.write("a/b", b"x")
    signature = words.partition("sig=")[2].partition("&")[0]
    assert signature not in whole_text(error)


@pytest.mark.parametrize("key", [base64.b64encode(b"wrong" * 8).decode(), "no-base64!"])
def test_a_wrong_key_is_refused_and_not_told(azurite: Azurite, container: str, key: str) -> None:
    address = azurite.connection_string.replace(azurite.key, key)
    blobs = AzureBlobStore.connect(SecretStr(address), container)
    calls: list[Callable[[], object]] = [
        lambda: blobs.read("a"),
        lambda: blobs.write("a", b"x"),
        lambda: blobs.put_if_absent("a", b"x"),
        lambda: list(blobs.list("")),
        lambda: blobs.delete("a"),
    ]
    for call in calls:
        with pytest.raises(Refused, match=container) as error:
            call()
        assert key not in whole_text(error)
        assert not re.search(r"[A-Za-z0-9+/]{43}=", whole_text(error)), "no signature either"


def test_an_absent_container_is_named(azurite: Azurite, tmp_path: Path) -> None:
    blobs = AzureBlobStore.connect(SecretStr(azurite.connection_string), "absent")
    (tmp_path / "file").write_bytes(bytes(9 * MB))
    calls: list[Callable[[], object]] = [
        lambda: blobs.read("a"),
        lambda: blobs.put_if_absent("a", b"x"),
        lambda: blobs.upload("a", tmp_path / "file"),
        lambda: blobs.download("a/", tmp_path),
        lambda: blobs.delete("a"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=r"container absent.*404 ContainerNotFound"):
            call()


def test_a_stopped_server_is_unavailable_soon(azurite: Azurite) -> None:
    port = free_ports(["nobody"])["nobody"]
    address = f"http://127.0.0.1:{port}/{azurite.account}?{sas(azurite, 'rl')}"
    blobs = AzureBlobStore.connect(SecretStr(address), "container")
    started = time.monotonic()
    with pytest.raises(Unavailable, match="read of blob a in container container failed: ServiceRequestError") as error:
        blobs.read("a")
    assert time.monotonic() - started < 5
    assert "sig=" not in whole_text(error)


def test_an_overloaded_service_is_asked_again_and_then_unavailable() -> None:
    asked = []

    class Overloaded(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = b"<?xml version='1.0'?><Error><Code>ServerBusy</Code><Message>Too many requests.</Message></Error>"
            self.send_response(503)
            for header in (("x-ms-error-code", "ServerBusy"), ("Content-Type", "application/xml")):
                self.send_header(*header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Overloaded) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = SecretStr(f"http://127.0.0.1:{server.server_port}/account?sig=signature")
        with pytest.raises(Unavailable, match=r"of blob a in container c failed: 503 ServerBusy: .*Too many") as error:
            AzureBlobStore.connect(address, "c").read("a")
        server.shutdown()
    assert len(asked) == 4
    assert "signature" not in whole_text(error)


def test_a_request_that_did_not_get_through_is_sent_again(azurite: Azurite, container: str) -> None:
    failures = [ServiceRequestError("no route"), ServiceResponseError("reset")]

    def fail(_: Any) -> None:
        if failures:
            raise failures.pop()

    address = SecretStr(azurite.connection_string)
    blobs = AzureBlobStore.connect(address, container, transport=Transport(before=fail))
    assert blobs.write("a", b"x").size == 1
    assert not failures


@pytest.mark.parametrize("size", [1, 65 * MB])
def test_our_own_blob_is_known_again_where_the_answer_got_lost(azurite: Azurite, container: str, size: int) -> None:
    """The service wrote it, we did not hear so, and the retry finds the name taken, by ourselves."""
    lost: list[Any] = []

    def lose(request: Any) -> None:
        if request.method == "PUT" and "comp=block&" not in f"{request.url}&" and not lost:
            lost.append(request)
            raise ServiceResponseError("reset")

    address = SecretStr(azurite.connection_string)
    blobs = AzureBlobStore.connect(address, container, transport=Transport(after=lose))
    assert blobs.put_if_absent("a", bytes(size))
    assert lost
    assert not blobs.put_if_absent("a", b"other")


def test_a_stream_never_mixes_two_contents(azure_blobs: AzureBlobStore) -> None:
    azure_blobs.write("a", b"1" * 9 * MB)
    with azure_blobs.open("a") as stream:
        assert stream.read(10) == b"1" * 10
        azure_blobs.write("a", b"2" * 9 * MB)
        with pytest.raises(Unavailable, match=r"read of blob a in container .* failed: 412 ConditionNotMet"):
            stream.read()


@pytest.mark.parametrize("times", [1, 100])
def test_a_file_never_mixes_two_contents(
    azure_blobs: AzureBlobStore, azurite: Azurite, container: str, tmp_path: Path, times: int
) -> None:
    """Replaced once while it is read, the new one arrives; replaced each time, nothing does."""
    letters = [str(number % 10).encode() for number in range(times)]
    written = [b"x"]

    def replace(request: Any) -> None:
        if request.headers.get("x-ms-range", "").startswith(f"bytes={RANGE}-") and letters:
            written.append(letters.pop())
            azure_blobs.write("in/a", written[-1] * 9 * MB)

    azure_blobs.write("in/a", b"x" * 9 * MB)
    address = SecretStr(azurite.connection_string)
    blobs = AzureBlobStore.connect(address, container, transport=Transport(before=replace))
    if times == 1:
        assert blobs.download("in/", tmp_path / "down") == [tmp_path / "down" / "a"]
        assert (tmp_path / "down" / "a").read_bytes() == written[-1] * 9 * MB
    else:
        with pytest.raises(Unavailable, match=r"Blob in/a in container .* was replaced each time"):
            blobs.download("in/", tmp_path / "down")
        assert list((tmp_path / "down").iterdir()) == []
    assert len(written) == min(times, 3) + 1


def test_a_blob_that_vanishes_during_a_download_is_not_found(
    azure_blobs: AzureBlobStore, azurite: Azurite, container: str, tmp_path: Path
) -> None:
    def delete(request: Any) -> None:
        if request.headers.get("x-ms-range"):
            azure_blobs.delete("in/a")

    azure_blobs.write("in/a", b"x")
    address = SecretStr(azurite.connection_string)
    blobs = AzureBlobStore.connect(address, container, transport=Transport(before=delete))
    with pytest.raises(NotFound, match=f"There is no blob in/a in container {container}"):
        blobs.download("in/", tmp_path / "down")
    assert list((tmp_path / "down").iterdir()) == []


def test_names_given_by_others_do_not_lead_out(tmp_path: Path) -> None:
    """Names that our own rule forbids: a list leaves them out, a download refuses all."""
    names = ["a/../../out", "a//b", "a/b", "a/folder"]
    found = [
        SimpleNamespace(name=name, size=0, last_modified=datetime.now(UTC), etag="0x1", metadata={}) for name in names
    ]
    found[-1].metadata = {"hdi_isfolder": "true"}  # as accounts with real folders list them
    container: Any = SimpleNamespace(container_name="c", list_blobs=lambda *_, **__: found)
    blobs = AzureBlobStore(container)
    assert [blob.name for blob in blobs.list("a/")] == ["a/b"]
    with pytest.raises(Refused, match="no blob name"):
        blobs.download("a/", tmp_path / "down")
    assert not list(tmp_path.iterdir())


def test_blobs_that_cannot_all_be_files_are_refused(azure_blobs: AzureBlobStore, tmp_path: Path) -> None:
    for name in ("in/a", "in/a/b"):
        azure_blobs.write(name, b"x")
    with pytest.raises(Refused, match="one lies below another"):
        azure_blobs.download("in/", tmp_path / "down")


def test_a_list_goes_on_over_pages_and_is_ordered(container: str, azurite: Azurite) -> None:
    client = ContainerClient.from_connection_string(azurite.connection_string, container)
    names = ["a-b", "a/b", "a0", "aé", "b"]
    for name in reversed(names):
        client.upload_blob(name, b"x")
    paged = client.list_blobs

    def in_pages(*args: Any, **kwargs: Any) -> Any:
        return paged(*args, results_per_page=2, **kwargs)

    client.list_blobs = in_pages  # type: ignore[method-assign]
    assert [blob.name for blob in AzureBlobStore(client).list("a")] == names[:-1]


@pytest.mark.skipif(sys.platform != "linux", reason="The highest memory of a process is read from /proc.")
def test_large_files_pass_in_bounded_memory(azurite: Azurite, container: str, tmp_path: Path) -> None:
    """200 MB up and down, in a process of its own that tells how much its memory grew."""
    source = tmp_path / "source"
    with source.open("wb") as file:
        for _ in range(20):
            file.write(os.urandom(10 * MB))
    words = [sys.executable, "-c", _LARGE, container, str(source), str(tmp_path / "down")]
    environment = {**os.environ, "ADDRESS": azurite.connection_string}
    done = subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    assert (tmp_path / "down" / "large").read_bytes() == source.read_bytes()
    up, down = map(int, done.stdout.split())
    assert up < 90, f"MB more at the highest, after {done.stdout}"
    assert down < 120, f"MB more at the highest, after {done.stdout}"


_LARGE = """
import os, re, sys
from pathlib import Path
from pydantic import SecretStr
from platforms.azure.blob_account import RANGE
from platforms.azure.blobs import AzureBlobStore

def highest():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

container, source, folder = sys.argv[1:]
blobs = AzureBlobStore.connect(SecretStr(os.environ["ADDRESS"]), container)
blobs.write("in/small", b"x")
blobs.read("in/small")
before = highest()
blobs.upload("in/large", Path(source))
print(highest() - before)
blobs.download("in/", Path(folder))
print(highest() - before)
"""
