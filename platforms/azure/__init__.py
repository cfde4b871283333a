"""The adapters for Azure. Nothing else of ours imports Azure's packages."""
