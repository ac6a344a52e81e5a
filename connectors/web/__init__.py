"""Web sites as a source: pages, what they link to, and sitemaps."""

from connectors.web.connector import WebConnector

__all__ = ["WebConnector"]
