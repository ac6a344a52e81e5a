import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from rag.errors import MissingDependencyError, ModelError
from rag.models import files
from rag.models.files import model_folder, weight_files
from rag.models.pooling import pooling_of


def test_minilm_is_the_packaged_folder_with_the_published_weights() -> None:
    folder = model_folder("minilm")
    assert weight_files(folder, "minilm") == [folder / "model.safetensors"]


def test_changed_weights_of_a_packaged_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert weight_files(tmp_path, "some/folder") == [tmp_path / "model.safetensors"]
    with pytest.raises(ModelError, match="sha256"):
        weight_files(tmp_path, "minilm")


def test_missing_package_names_the_extra_and_the_hub_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files.PACKAGED, "minilm", replace(files.PACKAGED["minilm"], package="no_such_package"))
    with pytest.raises(MissingDependencyError, match=r"situated-rag\[offline\]") as error:
        model_folder("minilm")
    assert "sentence-transformers/all-MiniLM-L6-v2@" in str(error.value)


def test_local_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert model_folder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["BAAI/bge-small-en-v1.5", "./no/such/folder", "minilm6", ""])
def test_a_name_without_folder_or_revision_says_to_pin_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="@<commit>"):
        model_folder(name or str(tmp_path / "none"))


def test_hub_model_that_is_not_cached_is_one_line_offline(tmp_path: Path) -> None:
    code = (
        "from rag.models.files import model_folder\nfrom rag.errors import ModelError\n"
        "try: model_folder('owner/name@0123456789abcdef0123456789abcdef01234567')\n"
        "except ModelError as error: print(error)\n"
        "from huggingface_hub import constants; assert constants.HF_HUB_DISABLE_TELEMETRY"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("owner/name@0123456789abcdef0123456789abcdef01234567 could not be had")
    assert "local folder" in done.stdout


def test_sharded_weights_are_all_taken_in_order(tmp_path: Path) -> None:
    for i in (2, 1):
        (tmp_path / f"model-0000{i}-of-00002.safetensors").touch()
    assert [path.name[:11] for path in weight_files(tmp_path, "x")] == ["model-00001", "model-00002"]


def test_pickled_weights_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(ModelError, match=r"no model.safetensors.*pytorch_model.bin"):
        weight_files(tmp_path, "x")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("{}", "mean"),
        ('{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}', "mean"),
        ('{"pooling_mode_mean_tokens": false, "pooling_mode_cls_token": true}', "cls"),
        ('{"pooling_mode": "cls"}', "cls"),
        ('{"pooling_mode": ["mean"]}', "mean"),
    ],
)
def test_auto_pooling_is_the_models_own(tmp_path: Path, config: str, expected: str) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(config)
    assert pooling_of(tmp_path, "auto") == expected
    assert pooling_of(tmp_path, "cls") == "cls"


def test_auto_pooling_without_a_pooling_config_is_the_mean(tmp_path: Path) -> None:
    assert pooling_of(tmp_path, "auto") == "mean"


@pytest.mark.parametrize("config", ['{"pooling_mode_lasttoken": true}', '{"pooling_mode": ["mean", "max"]}'])
def test_other_pooling_is_refused_not_replaced(tmp_path: Path, config: str) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(config)
    with pytest.raises(ModelError, match="not supported"):
        pooling_of(tmp_path, "auto")


@pytest.mark.parametrize("setting", ["auto", "mean"])
def test_stages_behind_the_transformer_are_refused_not_left_out(
    tmp_path: Path, setting: Literal["auto", "mean"]
) -> None:
    (tmp_path / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense"}]')
    with pytest.raises(ModelError, match=r"models\.Dense"):
        pooling_of(tmp_path, setting)
