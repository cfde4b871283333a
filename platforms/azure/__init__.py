"""The Azure platform. Only here are Azure's packages imported, and only where they are used: they import slowly."""
