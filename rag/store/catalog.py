"""What an index folder says about its collections: their schemas, and the aliases that point to them.

<folder>/aliases.json                    replaced as a whole
<folder>/collections/<name>/schema.json  written last: a collection without it was never finished
<folder>/collections/<name>/shard/       the engine's
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.errors import CorpusMissingError, StoreError
from rag.points import CollectionSchema
from rag.store.lock import unwritable

SCHEMA_FILE = "schema.json"


class Catalog:
    """Collections and aliases of an index folder, which only the owner of the folder's lock may change.

    Args:
        folder: the index folder; one that does not exist holds nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._aliases_file = folder / "aliases.json"
        self._collections = folder / "collections"
        self.aliases: dict[str, str] = {}
        self.schemas: dict[str, CollectionSchema] = {}

    def read(self) -> None:
        """Read the folder, and remove what a crash left of unfinished collections.

        Raises:
            StoreError: a file in it is not what this program wrote.
        """
        if not self._collections.is_dir():
            return
        for home in sorted(self._collections.iterdir()):
            if (home / SCHEMA_FILE).is_file():
                self.schemas[home.name] = _read_schema(home / SCHEMA_FILE)
            elif home.is_dir() and {entry.name for entry in home.iterdir()} <= {"shard", f".{SCHEMA_FILE}"}:
                shutil.rmtree(home)
        if self._aliases_file.is_file():
            aliases = _read_json(self._aliases_file)
            self.aliases = {alias: name for alias, name in aliases.items() if name in self.schemas}

    def find(self, name: str) -> CollectionSchema:
        """The schema of the collection that a name or an alias means.

        Raises:
            CorpusMissingError: there is none.
        """
        name = self.aliases.get(name, name)
        if name not in self.schemas:
            raise CorpusMissingError(f"{self._collections.parent}: no collection {name!r}: run rag ingest first")
        return self.schemas[name]

    def shard(self, name: str) -> Path:
        """The engine's folder of a collection."""
        return self._collections / name / "shard"

    def save(self, schema: CollectionSchema) -> None:
        """Write a collection's schema; from here on the collection exists."""
        home = self._collections / schema.name
        content = {
            "dense": dict(schema.dense),
            "multi": dict(schema.multi),
            "sparse": list(schema.sparse),
            "indexes": dict(schema.indexes),
            "metadata": dict(schema.metadata),
        }
        _write_json(home / SCHEMA_FILE, content)
        _sync_folder(self._collections)
        self.schemas[schema.name] = _schema(schema.name, json.loads(json.dumps(content)))

    def point(self, aliases: Mapping[str, str]) -> None:
        """Make these the aliases, all at once."""
        _write_json(self._aliases_file, dict(aliases))
        self.aliases = dict(aliases)

    def remove(self, name: str) -> None:
        """Forget a collection and the aliases to it, then remove its files; a crash in between is cleaned up later."""
        kept = {alias: target for alias, target in self.aliases.items() if target != name}
        if kept != self.aliases:
            self.point(kept)
        home = self._collections / name
        (home / SCHEMA_FILE).unlink(missing_ok=True)
        self.schemas.pop(name, None)
        if home.is_dir():
            shutil.rmtree(home)


def _read_schema(path: Path) -> CollectionSchema:
    content = _read_json(path)
    try:
        return _schema(path.parent.name, content)
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: not a schema ({type(error).__name__}: {error}): restore it, or remove the index folder and ingest"
        ) from error


def _schema(name: str, content: Mapping[str, Any]) -> CollectionSchema:
    return CollectionSchema(
        name=name,
        dense=content["dense"],
        multi=content.get("multi", {}),  # none in folders of earlier versions
        sparse=tuple(content["sparse"]),
        indexes=content["indexes"],
        metadata=content["metadata"],
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path}: not readable ({error}): restore it, or remove the index folder and ingest"
        ) from error
    if not isinstance(content, dict):
        raise StoreError(f"{path}: not a JSON object: restore it, or remove the index folder and ingest")
    return content


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file as a whole: after a crash or a power cut it holds the old content or the new."""
    draft = path.with_name(f".{path.name}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open folders, and keeps renames in order by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
