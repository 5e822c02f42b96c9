"""Every SQL statement of Rushes. Only the driver opens a catalog; workers return rows."""

from rushes.catalog.catalog import Catalog, Scanned
from rushes.catalog.database import sqlite_version

__all__ = ["Catalog", "Scanned", "sqlite_version"]
