"""One file a page: layout and words, no arithmetic."""
