"""How Echo, or its engine alone, is put on other machines."""
