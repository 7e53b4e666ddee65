"""The PostgreSQL meter store."""
