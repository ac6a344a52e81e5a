"""What the app shows, as HTML. Pure functions; every text of a document, a model or a user goes through `escape`."""
