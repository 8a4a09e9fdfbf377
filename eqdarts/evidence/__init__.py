"""How sure the form of an equation is."""
