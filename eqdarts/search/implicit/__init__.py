"""The implicit search: graphs grow by exact gains, on the data and on reduced forms of them."""
