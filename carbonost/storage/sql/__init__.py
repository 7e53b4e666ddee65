"""Records in a relational database: SQLite or PostgreSQL, one implementation over SQLAlchemy."""
