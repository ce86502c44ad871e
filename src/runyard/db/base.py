"""The declarative base that every room's models share."""

from sqlalchemy import ForeignKey, ForeignKeyConstraint, MetaData, text
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


_NOT_TOLD = "not_told"
WHERE = "where"
"""In an index's `info`: which rows it is of."""


def part_of(column: str) -> ForeignKey:
    """Return the foreign key of rows that go with another row, of which very many are removed.

    PostgreSQL is not told of it: looking after each such key would take as long as all the rest of a removal. Who
    removes takes the parts along; who adds one beside removals locks the whole first.
    """
    return ForeignKey(column, ondelete="CASCADE", info={_NOT_TOLD: "postgresql"})


def is_told(dialect: str, item: object) -> bool:
    """Whether databases of a kind know of a part of the schema."""
    keys = item.elements if isinstance(item, ForeignKeyConstraint) else ()
    return not any(key.info.get(_NOT_TOLD) == dialect for key in keys)


def tell_postgresql(metadata: MetaData) -> None:
    """Say which indexes are partial in PostgreSQL's own words, for whoever makes or compares a schema."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if WHERE in index.info:
                index.dialect_kwargs["postgresql_where"] = text(index.info[WHERE])


class Base(DeclarativeBase):
    """A row. Constraint names are derived, so that migrations can name them on every database."""

    metadata = MetaData(naming_convention=NAMING)
