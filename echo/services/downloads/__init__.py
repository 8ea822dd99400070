"""Everything of Echo as files: database, pictures, tables. Knows no page, nor who may ask."""

from echo.services.downloads.jobs import KINDS, Download, Downloads, forget_old

__all__ = ["KINDS", "Download", "Downloads", "forget_old"]
