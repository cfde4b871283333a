"""Azurite, Microsoft's stand-in for Blob Storage on one machine: installed from its lock, started, ended."""
