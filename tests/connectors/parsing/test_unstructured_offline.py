import json
import os
import subprocess
import sys

SCRIPT = """
import io, json, sys
reached = []
def audit(event, arguments):
    known = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "urllib.Request"}
    if event in known and arguments[0] != "uname":
        reached.append(event)
        raise PermissionError(event)
sys.addaudithook(audit)
from connectors.parsing.unstructured_offline import take_offline
take_offline()
import docx
from unstructured.nlp.tokenize import sent_tokenize
from unstructured.partition.docx import partition_docx
from unstructured.partition.text import partition_text
made = docx.Document()
made.add_heading("Jam", 1)
made.add_paragraph("It was boiled. Then it was eaten.")
file = io.BytesIO()
made.save(file)
file.seek(0)
print(json.dumps({
    "sentences": sent_tokenize("It was boiled. Then it was eaten."),
    "docx": [e.text for e in partition_docx(file=file)],
    "text": [e.text for e in partition_text(text="One line.\\n\\nAnother line.")],
    "reached": reached,
}))
"""


def test_unstructured_reads_without_network_or_programs() -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS")}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, env=kept)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "sentences": ["It was boiled.", "Then it was eaten."],
        "docx": ["Jam", "It was boiled. Then it was eaten."],
        "text": ["One line.", "Another line."],
        "reached": [],
    }
