import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def index_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that does not exist yet, in memory where there is room: flushes to a disk would be most of the time."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2**30:
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            yield Path(folder, "index")
    else:
        yield tmp_path / "index"
