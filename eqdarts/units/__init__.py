"""Units of measurement: read from text and from objects of other libraries, multiplied, compared."""
