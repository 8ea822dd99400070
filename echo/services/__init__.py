"""Use cases: one function for each thing a person does. They know no request, form or socket."""
