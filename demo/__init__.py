"""Believable people, talks and feedback for a look at the admin side. The product works without them."""
