"""Laws that are read off the rows in closed form."""
