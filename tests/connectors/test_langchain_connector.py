from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from connectors.langchain import LangchainConnector
from rag import Rag
from rag.errors import DocumentError, SettingsError, SourceError
from rag.protocols import Connector
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import SourceItem


class FolderLoader(BaseLoader):
    """A loader as people write them."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def lazy_load(self) -> Iterator[Document]:
        if not self.folder.exists():
            raise ConnectionError("the server is down")
        for path in sorted(self.folder.iterdir()):
            yield Document(page_content=path.read_text(), metadata={"source": path.name, "mime": "text/markdown"})


class Folder(SourceUnderTest):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, key: str, text: str) -> None:
        (self.folder / key).write_text(text)

    def remove(self, key: str) -> None:
        (self.folder / key).unlink()

    def take_down(self) -> None:
        self.folder.rename(self.folder.with_name("gone"))

    def connect(self) -> Connector:  # type: ignore[override]
        loader = FolderLoader(str(self.folder))
        return LangchainConnector(name="lc", loader=loader, acl=["staff"], metadata={"team": "tea"})


@pytest.fixture
def source(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "notes")


class TestLangchain(ConnectorContract):
    pass


def test_a_loader_is_named_by_its_class_in_a_corpus_file(source: Folder, make_config: object) -> None:
    source.put("a.md", "# Tea\n\nGreen tea.")
    loader = "loader: 'tests.connectors.test_langchain_connector:FolderLoader'"
    text = f"{{kind: langchain, {loader}, arguments: {{folder: '{source.folder}'}}}}"
    with Rag.open(make_config(text)) as corpus:  # type: ignore[operator]
        assert corpus.ingest().new == 1
        assert corpus.ingest().unchanged == 1
        assert corpus.search("tea")[0].title == "Tea"
        source.take_down()
        with pytest.raises(SourceError, match=r"FolderLoader failed: ConnectionError: the server is down"):
            corpus.ingest()
        assert corpus.search("tea")


def test_documents_of_one_source_are_numbered(source: Folder) -> None:
    class Pages(BaseLoader):
        def lazy_load(self) -> Iterator[Document]:
            for page in range(3):
                yield Document(
                    page_content=f"page {page}", metadata={"source": "a.pdf", "page": page, "seen": {1, 2} and object}
                )
            yield Document(page_content="named", id="own-id")
            yield Document(page_content="named alike", id="a.pdf#2")

    connector = LangchainConnector(name="lc", loader=Pages())
    items = [item for item in connector.list() if isinstance(item, SourceItem)]
    assert [item.key for item in items] == ["a.pdf", "a.pdf#2", "a.pdf#3", "own-id", "a.pdf#2#2"]
    assert [connector.fetch(item).as_string() for item in items] == [
        "page 0",
        "page 1",
        "page 2",
        "named",
        "named alike",
    ]
    assert items[1].metadata["page"] == 1
    connector.close()
    with pytest.raises(DocumentError):
        connector.fetch(items[0])


@pytest.mark.parametrize(
    "loader", ["no_such_module:Loader", "json:NoSuchLoader", "json:JSONDecoder", "pathlib:PurePath"]
)
def test_what_is_no_loader_is_a_settings_error(loader: str) -> None:
    with pytest.raises(SettingsError, match=loader.partition(":")[0]):
        LangchainConnector(name="lc", loader=loader)
