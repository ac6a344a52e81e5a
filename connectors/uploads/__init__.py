"""Files and pages that people hand over one by one, as a source and as a folder to add to."""

from connectors.uploads.connector import UploadsConnector
from connectors.uploads.folder import UploadsFolder

__all__ = ["UploadsConnector", "UploadsFolder"]
