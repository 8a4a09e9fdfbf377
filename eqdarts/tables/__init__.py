"""Tables as people have them: read from files, and turned into columns of numbers."""
