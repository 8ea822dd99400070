"""The contract: documents, tables and databases compared with the code."""
