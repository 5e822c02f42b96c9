"""Every SQL statement of Rushes. Only the driver opens a catalog; workers return rows."""

from rushes.catalog.catalog import Catalog
from rushes.catalog.database import sqlite_version

__all__ = ["Catalog", "sqlite_version"]
