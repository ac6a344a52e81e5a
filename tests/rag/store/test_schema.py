import pytest

from rag.points import CollectionSchema
from rag.store.schema import chunks_alias, chunks_schema, documents_alias, documents_schema, generation_name
from rag.store.validate import check_schema


def test_generations_stand_behind_two_aliases() -> None:
    assert (chunks_alias("handbook"), documents_alias("handbook")) == ("handbook", "handbook__documents")
    assert generation_name(chunks_alias("handbook"), 3) == "handbook__g3"
    assert generation_name(documents_alias("handbook"), 3) == "handbook__documents__g3"


@pytest.mark.parametrize(
    ("schema", "vectors"),
    [
        (chunks_schema("c" * 40 + "__g999", 384, {"a": 1}), {"raw", "situated"}),
        (documents_schema("c" * 40 + "__documents__g999", 384, {"a": 1}), {"mean"}),
    ],
)
def test_schemas_are_legal_and_index_what_rights_and_filters_need(schema: CollectionSchema, vectors: set[str]) -> None:
    check_schema(schema)
    assert set(schema.dense) == vectors
    assert set(schema.dense.values()) == {384}
    assert "lexical" in schema.sparse
    assert schema.metadata == {"a": 1}
    assert {"document_id", "source", "path", "mime", "language", "acl", "modified"} <= schema.indexes.keys()
