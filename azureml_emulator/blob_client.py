"""The emulator's own way to the blobs: through its proxy, as every client goes, whoever answers there."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, quote

from azureml_emulator.accounts import Container
from azureml_emulator.connections import loopback_client
from azureml_emulator.errors import user_error

_CHUNK = 1 << 20
_VERSION = {"x-ms-version": "2021-06-08"}


class BlobClient:
    """Folders up and down, by a signature of each account (name to query)."""

    def __init__(self, signatures: Mapping[str, str], proxy_port: int, authority: Path) -> None:
        self._signatures = {account: dict(parse_qsl(query)) for account, query in signatures.items()}
        self._http = loopback_client(
            proxy=f"http://127.0.0.1:{proxy_port}",
            verify=ssl.create_default_context(cafile=str(authority)),
            headers=_VERSION,
            timeout=60.0,
        )

    def create_container(self, container: Container) -> None:
        """Does nothing if it is there."""
        response = self._http.put(container.url(), params={**self._signature(container), "restype": "container"})
        if response.status_code != 409:
            response.raise_for_status()

    def list(self, container: Container, prefix: str) -> list[str]:
        """Names of the blobs that begin so."""
        names: list[str] = []
        marker, signature = "", self._signature(container)
        while True:
            query = {**signature, "restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            response = self._http.get(container.url(), params=query).raise_for_status()
            names += [unescape(name) for name in re.findall(r"<Blob><Name>([^<]*)</Name>", response.text)]
            following = re.search(r"<NextMarker>([^<]+)</NextMarker>", response.text)
            if following is None:
                return names
            marker = unescape(following[1])

    def download(self, container: Container, path: str, target: Path) -> int:
        """A blob to a file of that name, or all blobs below a path to a folder; how many there were.

        A file lands *in* `target`; a folder's content lands in `target` itself."""
        path = path.strip("/")
        names = [name for name in self.list(container, path) if name == path or name.startswith(path + "/") or not path]
        for name in names:
            relative = PurePosixPath(name).name if name == path else PurePosixPath(name).relative_to(path or ".")
            self._download(container, name, _inside(target, str(relative)))
        return len(names)

    def upload(self, container: Container, prefix: str, source: Path) -> None:
        """All files below a folder."""
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            name = "/".join([prefix.strip("/"), file.relative_to(source).as_posix()])
            self.put(container, name, file)

    def put(self, container: Container, name: str, file: Path) -> None:
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Length": str(file.stat().st_size)}
        url = f"{container.url()}/{quote(name)}"
        self._http.put(
            url, params=self._signature(container), content=_chunks(file), headers=headers
        ).raise_for_status()

    def __enter__(self) -> BlobClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _signature(self, container: Container) -> dict[str, str]:
        try:
            return self._signatures[container.account]
        except KeyError:
            raise user_error(f"There is no storage account '{container.account}'.") from None

    def _download(self, container: Container, name: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        url = f"{container.url()}/{quote(name)}"
        with self._http.stream("GET", url, params=self._signature(container)) as response:
            response.raise_for_status()
            with file.open("wb") as sink:
                for chunk in response.iter_bytes(_CHUNK):
                    sink.write(chunk)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _inside(folder: Path, relative: str) -> Path:
    """A blob's name is another's word: it must not lead out of the folder."""
    file = (folder / relative).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ValueError(f"The blob name {relative!r} leads out of its folder.")
    return file
