"""A stand-in for the Azure ML service, for the unchanged azure-ai-ml SDK, on loopback."""
