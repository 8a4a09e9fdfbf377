"""How certain the form of an equation is."""
