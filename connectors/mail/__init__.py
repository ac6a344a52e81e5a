"""Messages of an IMAP account, an mbox file or a maildir as a source."""

from connectors.mail.connector import MailConnector

__all__ = ["MailConnector"]
