"""Results to a document, a document to HTML, PDF, DOCX and Markdown."""
