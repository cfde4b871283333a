"""Puts the parts together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from azureml_emulator.app import App
from azureml_emulator.blob_client import BlobClient
from azureml_emulator.blob_index import BlobIndex
from azureml_emulator.blobs import Blobs
from azureml_emulator.sas import account_signature
from azureml_emulator.settings import Settings
from azureml_emulator.store import Store
from azureml_emulator.tokens import Tokens
from azureml_emulator.workspaces import Workspaces
from azureml_emulator.world import World


def assemble(
    settings: Settings, proxy_port: int, authority: Path
) -> tuple[App, Callable[[], None], Callable[[], None]]:
    """The application, what to do once it answers, and what to do at the end."""
    tokens = Tokens(settings)
    store = Store(settings.state / "emulator.sqlite")
    index = BlobIndex(settings.state / "blobs")
    signature = account_signature(settings.account, settings.account_key)
    blobs = BlobClient(settings.blob_host, proxy_port, authority, signature)
    world = World(settings, store, tokens, blobs, proxy_port)
    app = App(settings, tokens, Blobs(settings, tokens, index))
    tokens.routes(app.login)
    workspaces = Workspaces(world)
    workspaces.routes(app.service)

    def stop() -> None:
        blobs.close()
        store.close()
        index.close()

    return app, workspaces.prepare, stop
