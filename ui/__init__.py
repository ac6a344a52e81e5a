"""The web chat. No retrieval logic: `view` turns answers into HTML, each tab has its file, `app` wires them."""

import os

# read when gradio is imported, which every module of this package may do
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
