"""Helpers for tests of integrations: loopback servers and fault proxies."""
